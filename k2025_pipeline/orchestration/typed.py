"""Assets of the typed layer, each with the checks of its contract."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from k2025_pipeline.catalog import Catalog
from k2025_pipeline.catalog.classifications import ClassificationContract
from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.ingest import acceptance
from k2025_pipeline.ingest.acceptance import CODE_CHANGES
from k2025_pipeline.night import Contract
from k2025_pipeline.orchestration.common import FRESHNESS, NIGHT, night_of, rows_as_table
from k2025_pipeline.validation.contract import KNOWN_FAULT, RuleResult, Verdict

CONTRACT, DRIFT, KNOWN_FAULTS = "contract", "drift", "known_faults"


def typed_assets(catalog: Catalog) -> list[dg.AssetsDefinition]:
    """One op per declaration; it makes one typed dataset per table, up to three per classification."""
    contracts: list[Contract] = [*catalog.classifications.values(), *catalog.tables.values()]
    return [_typed_asset(contract) for contract in contracts]


def _names(contract: Contract) -> list[str]:
    return [contract.name] if isinstance(contract, TableContract) else list(contract.datasets.values())


def _typed_asset(contract: Contract) -> dg.AssetsDefinition:
    names = _names(contract)
    optional = _optional_checks(contract)

    @dg.multi_asset(
        name=f"typed_{contract.name}",
        specs=[_spec(contract, name) for name in names],
        check_specs=[spec for name in names for spec in _check_specs(name, optional)],
        required_resource_keys={NIGHT},
    )
    def _asset(context: dg.AssetExecutionContext) -> Iterator[Any]:
        outcome = night_of(context).accept(contract)
        for name in names:
            yield _materialized(outcome, name)
            yield from _check_results(outcome, name, optional)

    return _asset


def _spec(contract: Contract, name: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=["typed", name],
        deps=_deps(contract),
        group_name="typed",
        description=f"{contract.title.nb} / {contract.title.en}\n\n{contract.description.nb}",
        owners=[contract.owner],
        kinds={"polars", "parquet"},
        tags={"layer": "typed"},
        metadata=_column_schema(contract),
        freshness_policy=FRESHNESS,
    )


def _deps(contract: Contract) -> list[dg.AssetKey]:
    """The delivery, and for a table Klass's code changes: they explain why a region may vanish."""
    raw = dg.AssetKey(["raw", contract.name])
    return [raw] if isinstance(contract, ClassificationContract) else [raw, dg.AssetKey(["typed", CODE_CHANGES])]


def _column_schema(contract: Contract) -> dict[str, Any]:
    if isinstance(contract, ClassificationContract):
        return {}
    columns = [
        dg.TableColumn(d.column, "string", description=f"{d.description.nb} / {d.description.en}")
        for d in contract.dimensions
    ]
    columns += [
        dg.TableColumn("value", "double", description="Verdi / value"),
        dg.TableColumn("symbol", "string", description="Tegn ved siden av tallet / symbol beside the figure"),
    ]
    return {"dagster/column_schema": dg.TableSchema(columns)}


CHECKS = {
    CONTRACT: "Kontrakten holder, og utgaven er ikke mistenkelig ulik den forrige (Pandera) / the contract holds.",
    DRIFT: "Ulikt forrige utgave; vises, stanser ikke / different from the last vintage; shown, not blocking.",
    KNOWN_FAULTS: "Kjente feil i kilden; vises, stanser ikke / known faults of the source; shown, not blocking.",
}


def _optional_checks(contract: Contract) -> list[str]:
    """Checks that not every dataset has: drift of a table, and faults that its contract declares."""
    if isinstance(contract, ClassificationContract):
        return []
    return [DRIFT, KNOWN_FAULTS] if any(m.zero_means_missing for m in contract.measures) else [DRIFT]


def _check_specs(name: str, optional: list[str]) -> list[dg.AssetCheckSpec]:
    key = dg.AssetKey(["typed", name])
    return [dg.AssetCheckSpec(check, asset=key, description=CHECKS[check]) for check in [CONTRACT, *optional]]


def _materialized(outcome: acceptance.Outcome, name: str) -> dg.MaterializeResult:
    vintage = outcome.vintages.get(name)
    metadata: dict[str, Any] = {"state": outcome.state, "message": outcome.message}
    if vintage is not None:
        metadata |= {
            "dagster/row_count": vintage.rows,
            "vintage": vintage.updated,
            "stale": vintage.stale_because or "no",
        }
    version = vintage.content if vintage else "absent"
    return dg.MaterializeResult(
        asset_key=dg.AssetKey(["typed", name]), data_version=dg.DataVersion(version), metadata=metadata
    )


def _check_results(outcome: acceptance.Outcome, name: str, optional: list[str]) -> Iterator[dg.AssetCheckResult]:
    key = dg.AssetKey(["typed", name])
    verdict = next((v for v in outcome.verdicts if v.table == name), None)
    vintage = outcome.vintages.get(name)
    overruled = vintage.overruled if vintage and outcome.state != "refused" else None
    yield dg.AssetCheckResult(
        check_name=CONTRACT,
        asset_key=key,
        passed=outcome.state != "refused" if verdict is None else verdict.passed,
        severity=dg.AssetCheckSeverity.WARN if overruled else dg.AssetCheckSeverity.ERROR,
        metadata=_contract_metadata(outcome, verdict) | ({"overruled": overruled} if overruled else {}),
    )
    shown = [r for r in verdict.results if not r.blocking] if verdict else []
    for check in optional:
        results = [r for r in shown if (r.rule == KNOWN_FAULT) == (check == KNOWN_FAULTS)]
        message = _faults_message(results) if check == KNOWN_FAULTS else _drift_message(results)
        yield dg.AssetCheckResult(
            check_name=check,
            asset_key=key,
            passed=all(result.passed for result in results),
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"message": message, **_rules_metadata(results)},
        )


def _drift_message(results: list[RuleResult]) -> str:
    seen = [result for result in results if not result.passed]
    return "; ".join(f"{r.rule}: {r.failed}. {r.advice}" for r in seen) or "as the last vintage"


def _faults_message(faults: list[RuleResult]) -> str:
    seen = [fault for fault in faults if not fault.passed]
    if not seen:
        return "none seen"
    return "; ".join(f"{_cells(fault)}: {fault.meaning} {fault.advice}" for fault in seen)


def _cells(fault: RuleResult) -> str:
    """Which cells a fault is about: region and periods of the first rows."""
    periods: dict[str, list[str]] = {}
    for row in fault.sample:
        periods.setdefault(f"{row['region_code']} {row['measure']}", []).append(str(row["period"]))
    named = ", ".join(f"{cell} {'–'.join([years[0], years[-1]])}" for cell, years in periods.items())
    return f"{fault.failed} cells ({named})"


def _contract_metadata(outcome: acceptance.Outcome, verdict: Verdict | None) -> dict[str, Any]:
    if verdict is None:
        return {"message": outcome.message}
    blocking = [result for result in verdict.results if result.blocking]
    return {"message": verdict.summary(), "rows": verdict.rows, **_rules_metadata(blocking)}


def _rules_metadata(results: list[RuleResult]) -> dict[str, Any]:
    overview = [{"rule": r.rule, "broken by rows": r.failed, "meaning": r.meaning} for r in results]
    metadata: dict[str, Any] = {"rules": rows_as_table(overview)}
    for result in results:
        if not result.passed:
            metadata[f"{result.rule}: what to do"] = result.advice
            metadata[f"{result.rule}: first rows"] = rows_as_table(result.sample)
    return metadata
