"""Assets of the raw layer: one per Statbank table and Klass classification."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from k2025_pipeline.catalog import Catalog
from k2025_pipeline.ingest.session import FetchOutcome
from k2025_pipeline.night import Contract
from k2025_pipeline.orchestration.common import FRESHNESS, NIGHT, night_of, rows_as_table


def raw_assets(catalog: Catalog) -> list[dg.AssetsDefinition]:
    """One asset per declaration: exactly the bytes received."""
    contracts: list[Contract] = [*catalog.classifications.values(), *catalog.tables.values()]
    return [_raw_asset(contract) for contract in contracts]


def _raw_asset(contract: Contract) -> dg.AssetsDefinition:
    key = dg.AssetKey(["raw", contract.name])

    @dg.asset(
        key=key,
        group_name="raw",
        description=f"{contract.title.nb} / {contract.title.en}\n\nSvarene slik de ble levert / answers as delivered.",
        owners=[contract.owner],
        kinds={"json"},
        tags={"layer": "raw"},
        metadata={"kilde": dg.MetadataValue.url(contract.url), "lisens": contract.licence},
        freshness_policy=FRESHNESS,
        required_resource_keys={NIGHT},
        check_specs=[
            dg.AssetCheckSpec("answered", asset=key, description="Kilden svarte / the source answered."),
            dg.AssetCheckSpec(
                "as_declared",
                asset=key,
                description="Kildens metadata er som kontrakten / as the contract says.",
            ),
            dg.AssetCheckSpec(
                "stamp_tells_changes",
                asset=key,
                description="Kilden endrer ikke noe uten å si det / nothing changes without a new stamp.",
            ),
        ],
    )
    def _asset(context: dg.AssetExecutionContext) -> Iterator[Any]:
        outcome = night_of(context).fetch(contract)
        yield dg.MaterializeResult(
            asset_key=key,
            data_version=dg.DataVersion(outcome.delivery.vintage if outcome.delivery else outcome.state),
            metadata=_metadata(outcome),
            check_results=[_answered(outcome), _as_declared(outcome), _stamp_tells_changes(outcome)],
        )

    return _asset


def _metadata(outcome: FetchOutcome) -> dict[str, Any]:
    found = {
        "state": outcome.state,
        "message": outcome.message,
        "requests": outcome.requests,
        "seconds": outcome.seconds,
    }
    if outcome.delivery:
        folder = outcome.delivery.answers[0].path.parent
        found |= {"vintage": outcome.delivery.updated, "archive": dg.MetadataValue.path(folder)}
    return found


def _answered(outcome: FetchOutcome) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name="answered",
        passed=outcome.state != "failed",
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"message": outcome.message, "state": outcome.state},
    )


def _as_declared(outcome: FetchOutcome) -> dg.AssetCheckResult:
    rows = [
        {"field": f.field, "problem": f.problem, "what to do": f.advice, "evidence": f.evidence}
        for f in outcome.findings
    ]
    return dg.AssetCheckResult(
        check_name="as_declared",
        passed=not rows,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"message": _differences(outcome), "rows": rows_as_table(rows)},
    )


def _stamp_tells_changes(outcome: FetchOutcome) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name="stamp_tells_changes",
        passed=outcome.silent_change is None,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"message": outcome.silent_change or "nothing changed without a new stamp, as far as was looked"},
    )


def _differences(outcome: FetchOutcome) -> str:
    if not outcome.findings:
        return "the source is as the contract says"
    first = outcome.findings[0]
    more = f" (and {len(outcome.findings) - 1} more)" if len(outcome.findings) > 1 else ""
    return f"{first.field}: {first.problem}{more}"
