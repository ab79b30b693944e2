"""Assets of dbt: staging and core, marts, public. One op per layer, so that a failed test stops at its layer."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliResource,
    DbtProject,
    dbt_assets,
)

from k2025_pipeline.night import Night
from k2025_pipeline.orchestration.common import FRESHNESS, NIGHT, OWNERS, night_of
from k2025_pipeline.settings import Settings
from k2025_pipeline.warehouse import dbt_project

LAYERS = {
    "core": "fqn:k2025.staging fqn:k2025.history fqn:k2025.core resource_type:seed",
    "marts": "fqn:k2025.marts",
    "public": "fqn:k2025.public",
}
"""dbt selection of each op. By name, not by path: dagster-dbt finds nothing by path and says nothing."""
DBT = "dbt"


class Translator(DagsterDbtTranslator):
    """Folder as group and first part of the key, so that the graph reads from left to right."""

    def __init__(self) -> None:
        # Source tests as checks would let dbt run past a failed blocking check of the typed table.
        super().__init__(DagsterDbtTranslatorSettings(enable_source_tests_as_checks=False))

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        """See :class:`DagsterDbtTranslator`."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = manifest["nodes"].get(unique_id)
        if node is None:
            return spec
        layer = "core" if node["resource_type"] == "seed" else node["fqn"][1]
        return spec.replace_attributes(
            key=dg.AssetKey([layer, node["name"]]),
            group_name=layer,
            owners=OWNERS,
            tags={"layer": layer},
            description=node["description"] or None,
            freshness_policy=FRESHNESS,
        )


def catalog_assets(tables: list[str]) -> list[dg.AssetSpec]:
    """The declarations as external assets: files that people edit, not made by a run."""
    return [
        dg.AssetSpec(
            key=["catalog", name],
            group_name="catalog",
            description=f"Deklarasjoner i schemas/ som tabell / declarations in schemas/ as a table: {name}",
            owners=OWNERS,
            kinds={"yaml"},
        )
        for name in tables
    ]


def dbt_layers(settings: Settings, manifest: Path) -> list[dg.AssetsDefinition]:
    """One op per layer, in the order in which data goes."""
    return [_layer(name, select, manifest, settings) for name, select in LAYERS.items()]


class DbtCommandLine(DbtCliResource):
    """dbt as a subprocess and nothing more.

    dagster-dbt also loads dbt into this process at every call, which takes seconds, only to fetch column
    metadata and row counts afterwards; the columns are declared here, and nothing asks for them.
    """

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:
        return None


def dbt_resource(settings: Settings) -> DbtCliResource:
    """Make dbt's command line, over the project of these settings."""
    project = str(settings.dbt_project)
    return DbtCommandLine(project_dir=project, profiles_dir=project, dbt_executable=dbt_project.executable())


def _layer(name: str, select: str, manifest: Path, settings: Settings) -> dg.AssetsDefinition:
    @dbt_assets(
        manifest=manifest,
        select=select,
        name=f"dbt_{name}",
        dagster_dbt_translator=Translator(),
        required_resource_keys={NIGHT, DBT},
    )
    def _assets(context: dg.AssetExecutionContext) -> Iterator[Any]:
        night = night_of(context)
        night.reporter.building(name, night.up_to_date)
        if night.up_to_date:
            yield from _unchanged(context)
            return
        if name == "core":
            night.prepare_build()
        yield from _build(context, night)

    return _assets


def _build(context: dg.AssetExecutionContext, night: Night) -> Iterator[Any]:
    environment = dbt_project.environment(night.home)
    with dbt_project.exported(environment):
        # One target folder for all layers: dbt then parses only what has changed.
        target = Path(environment["DBT_TARGET_PATH"])
        # Unit tests are about arithmetic, not about tonight's figures: they belong to the suite.
        build = ["build", "--exclude-resource-type", "unit_test"]
        yield from context.resources.dbt.cli(build, context=context, target_path=target).stream()


def _unchanged(context: dg.AssetExecutionContext) -> Iterator[Any]:
    """Say that the tables of the published build and their checks stand; dbt is not started."""
    order = context.job_def.asset_layer.asset_graph.toposorted_asset_keys
    for key in (key for key in order if key in context.selected_asset_keys):
        yield dg.MaterializeResult(asset_key=key, metadata={"state": "unchanged"})
    for check_key in sorted(context.selected_asset_check_keys):
        evaluation = _last_evaluation(context.instance, check_key)
        if evaluation is not None:
            yield dg.AssetCheckResult(
                asset_key=check_key.asset_key,
                check_name=check_key.name,
                passed=evaluation.passed,
                severity=evaluation.severity,
                metadata={**evaluation.metadata, "state": "unchanged"},
            )


def _last_evaluation(instance: dg.DagsterInstance, key: dg.AssetCheckKey) -> dg.AssetCheckEvaluation | None:
    """How a check came out when it was last run; tonight's own record is only planned yet."""
    history = instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
    found = (record.evaluation for record in history if isinstance(record.evaluation, dg.AssetCheckEvaluation))
    return next(found, None)
