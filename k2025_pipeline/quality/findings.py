"""What a delivery, a verdict on it, or an acceptance comes to as findings of the ladder's checks.

Here belongs the wording of outcomes that other packages hand over. Not here: judging, and Dagster.
"""

from __future__ import annotations

from k2025_pipeline.ingest.acceptance import Outcome
from k2025_pipeline.ingest.session import FetchOutcome
from k2025_pipeline.quality.acceptance import Acceptance
from k2025_pipeline.quality.ladder import ANSWERED, AS_DECLARED, CONTRACT, DRIFT, KNOWN_FAULTS, STAMP
from k2025_pipeline.quality.outcome import Finding
from k2025_pipeline.validation.contract import KNOWN_FAULT, RuleResult, Verdict

SAMPLE = 20


def of_delivery(outcome: FetchOutcome) -> dict[str, Finding]:
    """Findings about how a table or classification was delivered, by name of the check."""
    return {ANSWERED: _answered(outcome), AS_DECLARED: _as_declared(outcome), STAMP: _stamp(outcome)}


def _answered(outcome: FetchOutcome) -> Finding:
    """A table that was there and is withdrawn is no answer either; one that never was is none of a source in parts."""
    failed = outcome.state == "failed" or outcome.withdrawn
    withdrawn = "Kilden har trukket tabellen / the source has withdrawn the table: " if outcome.withdrawn else ""
    return Finding(
        passed=not failed,
        failed=int(failed),
        message=withdrawn + outcome.message,
        advice="Siste godkjente utgave står. Når kilden svarer igjen / once the source answers: k2025 refresh",
    )


def _as_declared(outcome: FetchOutcome) -> Finding:
    rows = [
        {"field": f.field, "problem": f.problem, "what to do": f.advice, "evidence": f.evidence}
        for f in outcome.findings
    ]
    message = "the source is as the contract says"
    if rows:
        more = f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""
        message = f"{outcome.name}, {rows[0]['field']}: {rows[0]['problem']}{more}"
    advice = str(rows[0]["what to do"]) if rows else ""
    return Finding(not rows, len(rows), sample=rows[:SAMPLE], message=message, advice=advice)


def _stamp(outcome: FetchOutcome) -> Finding:
    silent = outcome.silent_change
    return Finding(
        passed=silent is None,
        failed=int(silent is not None),
        message=silent or "nothing changed without a new stamp, as far as was looked",
        advice="De nye tallene er tatt inn. Spør SSB hva som er rettet / taken in; ask SSB what was corrected.",
    )


def of_standing_file(is_as_published: bool) -> Finding:
    """Whether the file that stood when the night began was the one that was published."""
    if is_as_published:
        return Finding(passed=True, checked=1, message="the file that stood is the one that its manifest speaks of")
    return Finding(
        passed=False,
        failed=1,
        checked=1,
        message="warehouse.duckdb var ikke lenger den filen som ble publisert: noen har endret eller byttet den. / "
        "warehouse.duckdb was no longer the file that was published: somebody changed or exchanged it.",
        advice="Natten la ut en ny, om publiseringen ikke er på vent. Finn ut hvem som skrev og hvem som leste. / "
        "The night has put out a new one, unless publication is paused. Find out who wrote, and who read.",
    )


def of_typed(outcome: Outcome, dataset: str, checks: list[str]) -> dict[str, Finding]:
    """Findings about one typed dataset, by name of the check.

    Args:
        outcome: of accepting the delivery. dataset: the typed dataset. checks: names of the checks that it has.
    """
    verdict = _verdict(outcome, dataset)
    found = {CONTRACT: _contract(outcome, dataset, verdict)}
    for check, well in ((DRIFT, "as the last vintage"), (KNOWN_FAULTS, "none seen")):
        if check in checks:
            found[check] = _rules(rules_of(outcome, dataset, check), verdict, well)
    return found


def rules_of(outcome: Outcome, dataset: str, check: str) -> list[RuleResult]:
    """The rules that stand behind a check of a typed dataset, broken or not."""
    verdict = _verdict(outcome, dataset)
    if verdict is None:
        return []
    if check == CONTRACT:
        return [result for result in verdict.results if result.blocking]
    shown = [result for result in verdict.results if not result.blocking]
    return [result for result in shown if (result.rule == KNOWN_FAULT) == (check == KNOWN_FAULTS)]


def _verdict(outcome: Outcome, dataset: str) -> Verdict | None:
    return next((verdict for verdict in outcome.verdicts if verdict.table == dataset), None)


def _contract(outcome: Outcome, dataset: str, verdict: Verdict | None) -> Finding:
    refused = outcome.state == "refused"
    vintage = outcome.vintages.get(dataset)
    overruled = vintage.overruled if vintage and not refused else None
    if verdict is None:
        return Finding(not refused, int(refused), message=outcome.message)
    broken = [result for result in verdict.broken if result.blocking]
    return Finding(
        passed=verdict.passed,
        failed=sum(result.failed for result in broken),
        checked=verdict.rows,
        sample=broken[0].sample[:SAMPLE] if broken else [],
        message=f"{verdict.summary()} Overruled: {overruled['reason']}" if overruled else verdict.summary(),
        advice=broken[0].advice if broken else "",
        severity="warn" if overruled else None,
    )


def _rules(results: list[RuleResult], verdict: Verdict | None, well: str) -> Finding:
    seen = [result for result in results if not result.passed]
    return Finding(
        passed=not seen,
        failed=sum(result.failed for result in seen),
        checked=verdict.rows if verdict else None,
        sample=seen[0].sample[:SAMPLE] if seen else [],
        message="; ".join(_words(result) for result in seen) or well,
        advice=seen[0].advice if seen else "",
    )


def _words(result: RuleResult) -> str:
    if result.rule != KNOWN_FAULT:
        return f"{result.rule}: {result.failed}. {result.advice}"
    return f"{_cells(result)}: {result.meaning} {result.advice}"


def _cells(fault: RuleResult) -> str:
    """Which cells a fault is about: region and periods of the first rows."""
    periods: dict[str, list[str]] = {}
    for row in fault.sample:
        periods.setdefault(f"{row['region_code']} {row['measure']}", []).append(str(row["period"]))
    named = ", ".join(f"{cell} {'–'.join([years[0], years[-1]])}" for cell, years in periods.items())
    return f"{fault.failed} cells ({named})"


def of_upload(outcome: Outcome) -> Finding:
    """Finding about the file of an upload."""
    broken = [result for verdict in outcome.verdicts for result in verdict.results if not result.passed]
    return Finding(
        passed=outcome.state != "refused",
        failed=sum(result.failed for result in broken) or int(outcome.state == "refused"),
        sample=broken[0].sample[:SAMPLE] if broken else [],
        message=outcome.message,
        advice=broken[0].advice if broken else "",
    )


def of_acceptance(result: Acceptance, repeated: bool) -> Finding:
    """Finding of an expectation of a public table."""
    message = result.description
    if not result.passed:
        sample = ", ".join(str(value) for value in result.sample) or result.observed[:500] or "–"
        message = f"{result.description} Brutt av {result.failed} rader: {sample}"
    return Finding(
        passed=result.passed,
        failed=result.failed or int(not result.passed),
        sample=[{"value": value} for value in result.sample],
        message=message,
        advice="Se radene i Data Docs, og rett det som laget dem / see the Data Docs, and mend what made the rows.",
        repeated=repeated,
    )
