"""What every asset factory uses: the resource's name, freshness, and how a check is shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import dagster as dg
import orjson

from k2025_pipeline.catalog.quality import QualityFile
from k2025_pipeline.harmless import for_markdown
from k2025_pipeline.night import Night
from k2025_pipeline.quality.outcome import Check, Finding, Key, Outcome
from k2025_pipeline.settings import Settings

NIGHT = "night"
OWNERS = ["team:data-team"]
SEVERITIES = {"error": dg.AssetCheckSeverity.ERROR, "warn": dg.AssetCheckSeverity.WARN}


@dataclass(frozen=True)
class Gate:
    """What every asset is held against: its checks, and how long it may go without a run."""

    checks: dict[Key, Check]
    freshness: dg.FreshnessPolicy

    @classmethod
    def of(cls, quality: QualityFile, checks: dict[Key, Check]) -> Gate:
        """The gate that the declarations describe."""
        window = timedelta(hours=quality.freshness.run_hours)
        return cls(checks, dg.FreshnessPolicy.time_window(fail_window=window))

    def specs(self, *assets: str) -> list[dg.AssetCheckSpec]:
        """Every check of the assets, as Dagster lists them."""
        return [check_spec(check) for check in self.checks.values() if check.asset in assets]


def asset_key(check: Check) -> dg.AssetKey:
    """The asset that a check is about."""
    return dg.AssetKey(check.asset.split("/"))


def check_spec(check: Check) -> dg.AssetCheckSpec:
    """A check as Dagster lists it."""
    return dg.AssetCheckSpec(
        check.name,
        asset=asset_key(check),
        blocking=check.blocking,
        description=rule_words(check),
        metadata=_declared(check),
    )


def rule_words(check: Check) -> str:
    """The rule in both languages."""
    return f"{check.rule.nb} / {check.rule.en}"


def check_result(night: Night, key: Key, finding: Finding, more: dict[str, Any] | None = None) -> dg.AssetCheckResult:
    """Write a finding down for the night, and give it to Dagster.

    Args:
        night: the run's state. key: asset and name of the check. finding: tonight's.
        more: further metadata, shown after what every check shows.
    """
    outcome = night.note(key, finding)
    return dg.AssetCheckResult(
        asset_key=asset_key(outcome.check),
        check_name=outcome.check.name,
        passed=finding.passed,
        severity=SEVERITIES[outcome.severity],
        metadata={**_told(outcome), **(more or {}), **_declared(outcome.check), **_page(outcome.check, night.settings)},
    )


def _told(outcome: Outcome) -> dict[str, Any]:
    """What happened tonight."""
    finding = outcome.finding
    told: dict[str, Any] = {"message": finding.message or ("holds" if finding.passed else "does not hold")}
    if finding.advice and not finding.passed:
        told["what to do"] = finding.advice
    told["broken by"] = finding.failed
    if outcome.previous is not None:
        told["broken by, night before"] = outcome.previous
    if finding.checked is not None:
        told["judged"] = finding.checked
    if finding.sample:
        told["first of them"] = rows_as_table(finding.sample)
    if finding.repeated:
        told["state"] = "unchanged"
    return told


def _declared(check: Check) -> dict[str, Any]:
    """What is the same every night."""
    told: dict[str, Any] = {"level": check.level, "engine": check.engine, "declared in": check.declared_in}
    return told | ({"threshold": check.threshold} if check.threshold else {})


def _page(check: Check, settings: Settings) -> dict[str, Any]:
    return {"runbook": dg.MetadataValue.url(settings.runbook(check.runbook))}


def night_of(context: Any) -> Night:
    """The run's shared state."""
    night: Night = context.resources.night
    return night


def rows_as_table(rows: list[dict[str, Any]]) -> dg.MetadataValue:
    """Rows as a Markdown table, which the UI shows readably and copies well."""
    if not rows:
        return dg.MetadataValue.md("–")
    columns = list(rows[0])
    head = f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n"
    body = "\n".join("| " + " | ".join(_cell(row.get(column)) for column in columns) + " |" for row in rows)
    return dg.MetadataValue.md(head + body)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return for_markdown(text)
