"""Acceptance of the public tables, the asset that is the published file, and the morning page."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from k2025_pipeline.catalog import Catalog
from k2025_pipeline.night import Night
from k2025_pipeline.orchestration.common import NIGHT, OWNERS, Gate, check_result, night_of
from k2025_pipeline.quality.findings import of_acceptance, of_standing_file
from k2025_pipeline.quality.ladder import AS_PUBLISHED, PUBLICATION, WAREHOUSE
from k2025_pipeline.warehouse.audit import DATA_DOCS
from k2025_pipeline.warehouse.inspection import NotFit

MORNING_PAGE = dg.AssetKey(["published", "morning_page"])


def acceptance_checks(catalog: Catalog, gate: Gate) -> dg.AssetChecksDefinition:
    """One check per expectation, on the public table that it is about."""
    tables = [f"public/{table}" for table in catalog.expectations]
    specs = [spec for spec in gate.specs(*tables) if spec.metadata["engine"] == "great_expectations"]

    @dg.multi_asset_check(name="acceptance", specs=specs, required_resource_keys={NIGHT})
    def _acceptance(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        night = night_of(context)
        docs = {"data_docs": dg.MetadataValue.url(f"{night.settings.reports_url}/{DATA_DOCS}")}
        for result in night.audit():
            finding = of_acceptance(result, night.up_to_date)
            yield check_result(night, (f"public/{result.table}", result.name), finding, docs)

    return _acceptance


def _what_is_published(catalog: Catalog) -> list[dg.AssetKey]:
    public = [dg.AssetKey(["public", table]) for table in catalog.expectations]
    return public + [dg.AssetKey(["history", f"history_{table.name}"]) for table in catalog.tables.values()]


def warehouse_asset(catalog: Catalog, gate: Gate) -> dg.AssetsDefinition:
    """The published file: swapped in only when everything before it held."""

    @dg.asset(
        key=WAREHOUSE.split("/"),
        group_name="published",
        deps=_what_is_published(catalog),
        description="warehouse.duckdb og Parquet: det brukerne leser / what users read. Published whole or not at all.",
        owners=OWNERS,
        kinds={"duckdb", "parquet"},
        tags={"layer": "published"},
        freshness_policy=gate.freshness,
        required_resource_keys={NIGHT},
        check_specs=gate.specs(WAREHOUSE),
    )
    def _warehouse(context: dg.AssetExecutionContext) -> Iterator[Any]:
        night = night_of(context)
        try:
            published = night.publish()
        except NotFit as error:
            yield from _inspected(night)
            raise dg.Failure(f"{error} See docs/runbook/{error.runbook}.md") from error
        yield dg.MaterializeResult(
            data_version=dg.DataVersion(published.sha256),
            metadata={
                "state": night.ending,
                "file": dg.MetadataValue.path(night.home.warehouse),
                "published_at": published.published_at,
                "sha256": published.sha256,
                "source": published.source,
                "tables": dg.MetadataValue.json(published.tables),
                "changes": dg.MetadataValue.md(night.changes.markdown() if night.changes else ""),
            },
        )
        yield from _inspected(night)

    return _warehouse


def _inspected(night: Night) -> Iterator[dg.AssetCheckResult]:
    """What the last look at the new file found; where there is none, what it finds at the file that stands."""
    found = {**(night.inspected or night.inspected_standing), AS_PUBLISHED: of_standing_file(night.stood_as_published)}
    for name in PUBLICATION:
        yield check_result(night, (WAREHOUSE, name), found[name])


def morning_page() -> dg.AssetSpec:
    """The page of the morning as an external asset: the last word of a run, also of one that was blocked."""
    return dg.AssetSpec(
        key=MORNING_PAGE,
        group_name="published",
        deps=[WAREHOUSE.split("/")],
        description="Morgensiden: kan natten stoles på? / The morning page: can last night be trusted?",
        owners=OWNERS,
        kinds={"markdown"},
        tags={"layer": "published"},
    )
