"""Acceptance of the public tables, and the asset that is the published file."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from k2025_pipeline.catalog import Catalog
from k2025_pipeline.orchestration.common import FRESHNESS, NIGHT, OWNERS, night_of
from k2025_pipeline.warehouse.audit import data_docs
from k2025_pipeline.warehouse.results import Acceptance

WAREHOUSE = dg.AssetKey(["published", "warehouse"])


def acceptance_checks(catalog: Catalog) -> dg.AssetChecksDefinition:
    """One check per expectation, on the public table that it is about."""
    specs = [
        dg.AssetCheckSpec(
            name=expectation.name,
            asset=dg.AssetKey(["public", file.table]),
            blocking=expectation.blocking,
            description=f"{expectation.description.nb} / {expectation.description.en}",
        )
        for file in catalog.expectations.values()
        for expectation in file.expectations
    ]

    @dg.multi_asset_check(name="acceptance", specs=specs, required_resource_keys={NIGHT})
    def _acceptance(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        night = night_of(context)
        docs = dg.MetadataValue.path(data_docs(night.home))
        for result in night.audit():
            yield _check_result(result, docs)

    return _acceptance


def _check_result(result: Acceptance, docs: dg.MetadataValue) -> dg.AssetCheckResult:
    metadata: dict[str, Any] = {"message": result.description, "data_docs": docs}
    if not result.passed:
        sample = ", ".join(result.sample) or "–"
        metadata |= {"message": f"{result.description} Brutt av {result.failed} rader: {sample}"}
    if result.observed:
        metadata["observed"] = result.observed[:500]
    return dg.AssetCheckResult(
        asset_key=dg.AssetKey(["public", result.table]),
        check_name=result.name,
        passed=result.passed,
        severity=dg.AssetCheckSeverity.ERROR if result.blocking else dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )


def _what_is_published(catalog: Catalog) -> list[dg.AssetKey]:
    public = [dg.AssetKey(["public", table]) for table in catalog.expectations]
    return public + [dg.AssetKey(["history", f"history_{table.name}"]) for table in catalog.tables.values()]


def warehouse_asset(catalog: Catalog) -> dg.AssetsDefinition:
    """The published file: swapped in only when everything before it held."""

    @dg.asset(
        key=WAREHOUSE,
        group_name="published",
        deps=_what_is_published(catalog),
        description="warehouse.duckdb og Parquet: det brukerne leser / what users read. Published whole or not at all.",
        owners=OWNERS,
        kinds={"duckdb", "parquet"},
        tags={"layer": "published"},
        freshness_policy=FRESHNESS,
        required_resource_keys={NIGHT},
    )
    def _warehouse(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        night = night_of(context)
        unchanged = night.up_to_date
        published = night.publish()
        return dg.MaterializeResult(
            data_version=dg.DataVersion(published.sha256),
            metadata={
                "state": "unchanged" if unchanged else "published",
                "file": dg.MetadataValue.path(night.home.warehouse),
                "published_at": published.published_at,
                "sha256": published.sha256,
                "source": published.source,
                "tables": dg.MetadataValue.json(published.tables),
                "changes": dg.MetadataValue.md(night.changes.markdown() if night.changes else ""),
            },
        )

    return _warehouse
