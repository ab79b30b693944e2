"""Assets of dbt: staging, core, marts, public. One op: dbt itself leaves out what lies behind a failed test."""

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

from k2025_pipeline import dbt_project
from k2025_pipeline.lake.disk import disk_full, is_full
from k2025_pipeline.lake.home import DamagedHome
from k2025_pipeline.night import Night
from k2025_pipeline.orchestration.common import NIGHT, OWNERS, Gate, asset_key, check_result, check_spec, night_of
from k2025_pipeline.quality.ladder import dbt_asset
from k2025_pipeline.settings import Settings
from k2025_pipeline.warehouse.dbt_results import DbtResults

DBT = "dbt"
# Unit tests are about arithmetic, not about tonight's figures: they belong to the suite.
BUILD = ["build", "--exclude-resource-type", "unit_test"]


class Translator(DagsterDbtTranslator):
    """Folder as group and first part of the key, so that the graph reads from left to right."""

    def __init__(self, gate: Gate) -> None:
        # Source tests as checks would let dbt run past a failed blocking check of the typed table.
        super().__init__(DagsterDbtTranslatorSettings(enable_source_tests_as_checks=False))
        self._gate = gate

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        """See :class:`DagsterDbtTranslator`."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = manifest["nodes"].get(unique_id)
        if node is None:
            return spec
        name = dbt_asset(node)
        layer = name.split("/")[0]
        return spec.replace_attributes(
            key=dg.AssetKey(name.split("/")),
            group_name=layer,
            owners=OWNERS,
            tags={"layer": layer},
            description=node["description"] or None,
            freshness_policy=self._gate.freshness,
        )

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetCheckSpec | None:
        """See :class:`DagsterDbtTranslator`: what dagster-dbt needs to know, told in the ladder's words."""
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        if spec is None:
            return None
        told = check_spec(self._gate.checks["/".join(spec.asset_key.path), spec.name])
        return spec._replace(description=told.description, metadata={**told.metadata, **spec.metadata})


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


def dbt_models(manifest: Path, gate: Gate) -> dg.AssetsDefinition:
    """All models, seeds and tests of the project, in the order that dbt finds."""

    @dbt_assets(
        manifest=manifest,
        name="models",
        dagster_dbt_translator=Translator(gate),
        required_resource_keys={NIGHT, DBT},
    )
    def _models(context: dg.AssetExecutionContext) -> Iterator[Any]:
        night = night_of(context)
        night.reporter.building(night.up_to_date)
        if night.up_to_date:
            yield from _unchanged(context, night)
            return
        night.prepare_build()
        yield from _build(context, night)

    return _models


def _build(context: dg.AssetExecutionContext, night: Night) -> Iterator[Any]:
    environment = dbt_project.environment(night.home)
    with dbt_project.exported(environment):
        # One target folder for all calls: dbt then parses only what has changed.
        target = Path(environment["DBT_TARGET_PATH"])
        DbtResults.forget(night.home)
        invocation = context.resources.dbt.cli(BUILD, context=context, target_path=target, raise_on_error=False)
        for event in invocation.stream():
            if not isinstance(event, dg.AssetCheckResult):
                yield event
    results = _results(night)
    night.not_built += results.not_built
    for key, finding in results.findings(night.checks).items():
        yield check_result(night, key, finding)
    if not invocation.is_successful():
        raise dg.Failure(results.why_it_failed(), metadata={"not built": ", ".join(results.not_built) or "–"})


def _results(night: Night) -> DbtResults:
    """What dbt wrote about its work; where it could not write that whole, the disk may be full."""
    try:
        return DbtResults.read(night.home)
    except (DamagedHome, dbt_project.DbtFailed) as error:
        if is_full(night.home.build):
            raise disk_full(night.home.build) from error
        raise


def _unchanged(context: dg.AssetExecutionContext, night: Night) -> Iterator[Any]:
    """Say that the tables of the published build and their checks stand; dbt is not started."""
    order = context.job_def.asset_layer.asset_graph.toposorted_asset_keys
    for key in (key for key in order if key in context.selected_asset_keys):
        yield dg.MaterializeResult(asset_key=key, metadata={"state": "unchanged"})
    standing = night.standing_findings
    for check in (check for check in night.checks.values() if check.engine == "dbt"):
        if (
            check.key in standing
            and dg.AssetCheckKey(asset_key(check), check.name) in context.selected_asset_check_keys
        ):
            yield check_result(night, check.key, standing[check.key])
