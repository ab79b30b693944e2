"""Dagster's code location. ``build_definitions`` puts it together; tests get their own from other settings."""

from __future__ import annotations

import dagster as dg

from k2025_pipeline.catalog import load_catalog
from k2025_pipeline.catalog.generate import CATALOG_TABLES
from k2025_pipeline.dbt_project import ensure_manifest
from k2025_pipeline.lake.home import Home, read_json
from k2025_pipeline.night import Reporter
from k2025_pipeline.orchestration.alerts import alert_sensors
from k2025_pipeline.orchestration.common import NIGHT, Gate
from k2025_pipeline.orchestration.jobs import night_resource, nightly_job, schedules
from k2025_pipeline.orchestration.models import DBT, catalog_assets, dbt_models, dbt_resource
from k2025_pipeline.orchestration.publication import acceptance_checks, morning_page, warehouse_asset
from k2025_pipeline.orchestration.raw import raw_assets
from k2025_pipeline.orchestration.typed import typed_assets
from k2025_pipeline.orchestration.uploads import upload_assets
from k2025_pipeline.quality.ladder import ladder
from k2025_pipeline.settings import Settings, disable_telemetry


def build_definitions(settings: Settings, reporter: Reporter | None = None) -> dg.Definitions:
    """All assets, checks, the job and its schedules for one home and one source.

    Args:
        settings: where things lie and which source is asked. reporter: who is told; the log by default.

    Raises:
        CatalogError: when a declaration is wrong. DbtFailed: when dbt cannot read its project.
    """
    catalog = load_catalog(settings.schemas)
    manifest = ensure_manifest(settings.dbt_project, Home(settings.home))
    gate = Gate.of(catalog.quality, ladder(catalog, read_json(manifest) or {}))
    job = nightly_job()
    return dg.Definitions(
        assets=[
            *raw_assets(catalog, gate),
            *typed_assets(catalog, gate),
            *upload_assets(catalog, gate),
            *catalog_assets(list(CATALOG_TABLES)),
            dbt_models(manifest, gate),
            warehouse_asset(catalog, gate),
            morning_page(),
        ],
        asset_checks=[acceptance_checks(catalog, gate)],
        jobs=[job],
        schedules=schedules(job),
        sensors=alert_sensors(settings, job),
        resources={NIGHT: night_resource(settings, catalog, gate, reporter), DBT: dbt_resource(settings)},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What ``workspace.yaml`` loads: definitions for the settings of the environment."""
    disable_telemetry()
    return build_definitions(Settings.from_env())
