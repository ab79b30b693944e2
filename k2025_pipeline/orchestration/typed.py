"""Assets of the typed layer, each with the checks of its contract."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from k2025_pipeline.catalog import Catalog
from k2025_pipeline.catalog.classifications import ClassificationContract
from k2025_pipeline.ingest import acceptance
from k2025_pipeline.ingest.acceptance import CODE_CHANGES
from k2025_pipeline.night import Contract
from k2025_pipeline.orchestration.common import NIGHT, Gate, check_result, night_of, rows_as_table
from k2025_pipeline.quality.findings import of_typed, rules_of
from k2025_pipeline.quality.ladder import typed_checks, typed_names
from k2025_pipeline.validation.contract import RuleResult


def typed_assets(catalog: Catalog, gate: Gate) -> list[dg.AssetsDefinition]:
    """One op per declaration; it makes one typed dataset per table, up to three per classification."""
    contracts: list[Contract] = [*catalog.classifications.values(), *catalog.tables.values()]
    return [_typed_asset(contract, gate) for contract in contracts]


def _typed_asset(contract: Contract, gate: Gate) -> dg.AssetsDefinition:
    names = typed_names(contract)
    checks = typed_checks(contract)

    @dg.multi_asset(
        name=f"typed_{contract.name}",
        specs=[_spec(contract, name, gate) for name in names],
        check_specs=gate.specs(*(f"typed/{name}" for name in names)),
        required_resource_keys={NIGHT},
    )
    def _asset(context: dg.AssetExecutionContext) -> Iterator[Any]:
        night = night_of(context)
        outcome = night.accept(contract)
        for name in names:
            yield _materialized(outcome, name)
            for check, finding in of_typed(outcome, name, checks).items():
                rules = _rules_metadata(rules_of(outcome, name, check))
                yield check_result(night, (f"typed/{name}", check), finding, rules)
            for check, finding in night.late_with_us(contract).items():
                yield check_result(night, (f"typed/{name}", check), finding)

    return _asset


def _spec(contract: Contract, name: str, gate: Gate) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=["typed", name],
        deps=_deps(contract),
        group_name="typed",
        description=f"{contract.title.nb} / {contract.title.en}\n\n{contract.description.nb}",
        owners=[contract.owner],
        kinds={"polars", "parquet"},
        tags={"layer": "typed"},
        metadata=_column_schema(contract),
        freshness_policy=gate.freshness,
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


def _rules_metadata(results: list[RuleResult]) -> dict[str, Any]:
    overview = [{"rule": r.rule, "broken by rows": r.failed, "meaning": r.meaning} for r in results]
    metadata: dict[str, Any] = {"rules": rows_as_table(overview)}
    for result in results:
        if not result.passed:
            metadata[f"{result.rule}: what to do"] = result.advice
            metadata[f"{result.rule}: first rows"] = rows_as_table(result.sample)
    return metadata
