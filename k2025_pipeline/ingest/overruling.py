"""A person's word against a rule: a refused delivery is accepted, with who, when and why.

Here belongs which refusals a person may overrule. Not here: making the delivery current (``acceptance``).
"""

from __future__ import annotations

from k2025_pipeline.ingest.acceptance import Contract
from k2025_pipeline.lake.archive import Archive
from k2025_pipeline.lake.home import Home
from k2025_pipeline.lake.typed import TypedLake
from k2025_pipeline.validation.contract import Verdict


class CannotOverrule(Exception):
    """A delivery cannot be accepted by overruling: there is none, or it breaks a rule that gives cells meaning."""

    runbook = "refused-vintage"


def overrule(home: Home, contract: Contract, vintage: str, reason: str, by: str) -> list[str]:
    """Record that a person accepts a refused delivery; :func:`acceptance.accept` then makes it current.

    Args:
        home: where everything lies. contract: the table or classification. vintage: id of the refused delivery.
        reason: why, in words that another person understands. by: who.

    Returns:
        The rules that are overruled.

    Raises:
        CannotOverrule: when it was not refused, is not the newest, or breaks a rule that cannot be overruled.
    """
    lake, latest = TypedLake(home), Archive(home).latest(contract.name)
    refusal = lake.refusal(contract.name, vintage)
    if refusal is None or refusal.settled_at:
        known = ", ".join(r.vintage for r in lake.standing_refusals(contract.name)) or "none"
        raise CannotOverrule(f"{contract.id} {vintage}: does not stand refused. Those that do: {known}.")
    if latest is None or latest.vintage != vintage:
        newest = latest.vintage if latest else "none"
        raise CannotOverrule(
            f"{contract.id} {vintage}: a newer delivery ({newest}) has come since; see `k2025 status`."
        )
    broken = [rule for data in refusal.verdicts for rule in Verdict.from_data(data).broken if rule.blocking]
    fixed = [rule for rule in broken if not rule.overrulable]
    if fixed or not broken:
        why = f"{fixed[0].rule}: {fixed[0].meaning} {fixed[0].advice}" if fixed else refusal.because
        raise CannotOverrule(f"{contract.id} {vintage}: cannot be accepted by a person, only mended. {why}")
    rules = [rule.rule for rule in broken]
    lake.overrule(contract.name, vintage, rules, reason, by)
    return rules
