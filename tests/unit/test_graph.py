"""The asset graph as Dagster sees it: what there is, what follows from what, what is checked and when it runs.

Here belong the shape of the graph and the promises about every asset. Not here: what happens in a run
(``tests/pipeline``). After a wanted change, write the picture anew with ``K2025_WRITE_SNAPSHOTS=1`` and read its diff.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import dagster as dg
import orjson
import pytest
import yaml

from k2025_pipeline.catalog import Catalog, load_catalog
from k2025_pipeline.catalog.generate import CATALOG_TABLES, generated_files
from k2025_pipeline.dbt_project import ensure_manifest
from k2025_pipeline.definitions import build_definitions
from k2025_pipeline.lake.home import Home
from k2025_pipeline.orchestration.common import Gate
from k2025_pipeline.orchestration.models import Translator
from k2025_pipeline.orchestration.publication import MORNING_PAGE
from k2025_pipeline.quality.checks_page import PAGE, render
from k2025_pipeline.quality.ladder import ladder
from k2025_pipeline.quality.outcome import Check, Key
from k2025_pipeline.runbook import PAGES
from k2025_pipeline.settings import PROJECT_ROOT, Settings

SNAPSHOT = Path(__file__).parent / "snapshots" / "graph.txt"
WAY_OF_THE_DATA = ["raw", "typed", "uploads", "staging", "history", "core", "marts", "public", "published"]
EXTERNAL = "catalog"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("graph"))


@pytest.fixture(scope="module")
def repository(settings: Settings) -> dg.RepositoryDefinition:
    return build_definitions(settings).get_repository_def()


@pytest.fixture(scope="module")
def graph(repository: dg.RepositoryDefinition) -> Any:
    return repository.asset_graph


@pytest.fixture(scope="module")
def manifest(settings: Settings, repository: dg.RepositoryDefinition) -> dict[str, Any]:
    path = ensure_manifest(settings.dbt_project, Home(settings.home))
    return dict(orjson.loads(path.read_bytes()))


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(PROJECT_ROOT / "schemas")


def picture(repository: dg.RepositoryDefinition) -> str:
    """The graph as text: an asset a paragraph, in the order of the layers."""
    graph = repository.asset_graph
    lines: list[str] = []
    for group in [EXTERNAL, *WAY_OF_THE_DATA]:
        for key in sorted(k for k in graph.get_all_asset_keys() if graph.get(k).group_name == group):
            lines += [f"{key.to_user_string()} ({group})"]
            lines += [f"    from {parent.to_user_string()}" for parent in sorted(graph.get(key).parent_keys)]
            checks = sorted(k for k in graph.asset_check_keys if k.asset_key == key)
            lines += [f"    {'must' if graph.get(c).blocking else 'check'} {c.name}" for c in checks]
    for job in sorted(repository.get_all_jobs(), key=lambda j: j.name):
        if not job.name.startswith("__"):
            size = len(job.asset_layer.executable_asset_keys)
            lines += [f"job {job.name}: {size} assets, {len(job.asset_layer.asset_graph.asset_check_keys)} checks"]
    lines += [
        f"schedule {s.name}: {s.job_name} at {s.cron_schedule} {s.execution_timezone}, {s.default_status.value}"
        for s in sorted(repository.schedule_defs, key=lambda s: s.name)
    ]
    return "\n".join(lines) + "\n"


def test_the_graph_is_the_one_in_the_picture(repository: dg.RepositoryDefinition) -> None:
    seen = picture(repository)
    if os.environ.get("K2025_WRITE_SNAPSHOTS"):
        SNAPSHOT.parent.mkdir(exist_ok=True)
        SNAPSHOT.write_text(seen, "utf-8")
    assert seen.splitlines() == SNAPSHOT.read_text("utf-8").splitlines(), "see the first lines of this file"


@pytest.mark.parametrize("promise", ["description", "owners", "group_name"])
def test_every_asset_has_a(graph: Any, promise: str) -> None:
    without = [key.to_user_string() for key in graph.get_all_asset_keys() if not getattr(graph.get(key), promise)]
    assert without == []


def test_every_asset_that_a_run_makes_has_a_freshness_policy(graph: Any) -> None:
    nodes = [graph.get(key) for key in graph.get_all_asset_keys()]
    assert [n.key.to_user_string() for n in nodes if n.is_executable and n.freshness_policy is None] == []
    outside = {n.key for n in nodes if not n.is_executable and n.group_name != EXTERNAL}
    assert outside == {MORNING_PAGE}, "the last word of a run is no step of it"


def test_every_asset_lies_in_the_group_that_its_key_begins_with(graph: Any) -> None:
    assert {k for k in graph.get_all_asset_keys() if graph.get(k).group_name != k.path[0]} == set()


def test_data_goes_one_way_only(graph: Any) -> None:
    rank = {layer: number for number, layer in enumerate([EXTERNAL, *WAY_OF_THE_DATA])}
    edges = [(parent, key) for key in graph.get_all_asset_keys() for parent in graph.get(key).parent_keys]
    back = [(p.to_user_string(), k.to_user_string()) for p, k in edges if rank[p.path[0]] > rank[k.path[0]]]
    assert back == []
    assert {(p.path[0], k.path[0]) for p, k in edges} == {
        ("raw", "typed"),
        ("typed", "typed"),
        ("typed", "staging"),
        ("typed", "history"),
        ("catalog", "history"),
        ("typed", "core"),
        ("typed", "uploads"),
        ("uploads", "core"),
        ("staging", "core"),
        ("core", "core"),
        ("core", "marts"),
        ("marts", "marts"),
        ("core", "public"),
        ("marts", "public"),
        ("public", "public"),
        ("public", "published"),
        ("published", "published"),
        ("history", "published"),
        ("catalog", "core"),
        ("catalog", "marts"),
        ("catalog", "public"),
    }


@pytest.fixture(scope="module")
def checks(catalog: Catalog, manifest: dict[str, Any]) -> dict[Key, Check]:
    return ladder(catalog, manifest)


def test_the_ladder_has_exactly_the_checks_that_run(graph: Any, checks: dict[Key, Check]) -> None:
    assert {("/".join(key.asset_key.path), key.name) for key in graph.asset_check_keys} == set(checks)


def test_a_check_blocks_in_dagster_as_the_ladder_says(graph: Any, checks: dict[Key, Check]) -> None:
    for key in graph.asset_check_keys:
        assert graph.get(key).blocking is checks["/".join(key.asset_key.path), key.name].blocking, key


def test_every_check_says_its_rule_where_it_is_declared_and_where_help_is(
    graph: Any, checks: dict[Key, Check], repository: dg.RepositoryDefinition
) -> None:
    specs = {spec.key: spec for job in repository.get_all_jobs() for spec in _specs(job)}
    assert len(specs) == len(checks)
    for check in checks.values():
        spec = specs[dg.AssetCheckKey(dg.AssetKey(check.asset.split("/")), check.name)]
        assert spec.description == f"{check.rule.nb} / {check.rule.en}"
        assert {"level", "engine", "declared in"} <= set(spec.metadata)
        assert (PROJECT_ROOT / check.declared_in).exists(), check.declared_in
        assert check.runbook in PAGES, check.runbook


def _specs(job: Any) -> list[dg.AssetCheckSpec]:
    nodes = job.asset_layer.asset_graph.assets_defs
    return [spec for definition in nodes for spec in definition.check_specs]


def test_every_level_has_checks_and_only_identities_and_promises_block(
    checks: dict[Key, Check], catalog: Catalog
) -> None:
    levels = [level.id for level in catalog.quality.levels]
    assert sorted({check.level for check in checks.values()}, key=levels.index) == levels
    blocking = {check.level for check in checks.values() if check.blocking}
    assert blocking == {"relations", "reconciliation", "acceptance", "publication"}
    assert not [check.key for check in checks.values() if check.blocking and check.severity == "warn"]


def test_the_page_of_all_checks_is_the_ladder(checks: dict[Key, Check], catalog: Catalog) -> None:
    """After a wanted change: ``make generate``."""
    text = render(checks.values(), catalog.quality)
    assert (PROJECT_ROOT / PAGE).read_text("utf-8") == text
    assert f"{len(checks)} kontroller i alt" in text
    assert {check.name for check in checks.values() if f"`{check.name}`" not in text} == set()


def test_only_declared_sources_and_the_catalog_have_nothing_before_them(graph: Any, catalog: Catalog) -> None:
    first = {k.to_user_string() for k in graph.get_all_asset_keys() if not graph.get(k).parent_keys}
    declared = [*catalog.tables.values(), *catalog.classifications.values()]
    seeds = {"core/fixed_regions", "core/name_parts"}
    assert first == {f"raw/{d.name}" for d in declared} | {f"catalog/{name}" for name in CATALOG_TABLES} | seeds


def test_no_test_of_a_dbt_source_is_a_check(graph: Any, manifest: dict[str, Any], catalog: Catalog) -> None:
    gate = Gate.of(catalog.quality, ladder(catalog, manifest))
    assert Translator(gate).settings.enable_source_tests_as_checks is False
    on_inputs = {k.name for k in graph.asset_check_keys if k.asset_key.path[0] in ("typed", EXTERNAL)}
    assert on_inputs == {"contract", "drift", "known_faults", "on_time_with_us"}
    tests = [n for n in manifest["nodes"].values() if n["resource_type"] == "test"]
    assert [n["name"] for n in tests if n["attached_node"] is None] == [], "dbt tests stand on models only"


def test_every_dbt_data_test_is_a_check_and_stops_the_night_unless_it_warns(
    graph: Any, manifest: dict[str, Any]
) -> None:
    tests = [n for n in manifest["nodes"].values() if n["resource_type"] == "test"]
    wanted = {n["name"]: n["config"]["severity"].lower() == "error" for n in tests}
    layers = {"staging", "core", "marts", "public"}
    of_dbt = {k.name: graph.get(k).blocking for k in graph.asset_check_keys if k.asset_key.path[0] in layers}
    assert {name: of_dbt.get(name) for name in wanted} == wanted


def test_every_expectation_is_a_check_with_its_weight(graph: Any, catalog: Catalog) -> None:
    for table, file in catalog.expectations.items():
        key = dg.AssetKey(["public", table])
        found = {e.name: graph.get(dg.AssetCheckKey(key, e.name)).blocking for e in file.expectations}
        assert found == {e.name: e.blocking for e in file.expectations}


def test_no_unit_test_is_a_check(graph: Any, manifest: dict[str, Any]) -> None:
    names = {test["name"] for test in manifest["unit_tests"].values()}
    assert names, "dbt found no unit test"
    assert names & {key.name for key in graph.asset_check_keys} == set()


def test_the_published_file_waits_for_every_public_table_and_history(graph: Any, manifest: dict[str, Any]) -> None:
    public = {
        n["name"] for n in manifest["nodes"].values() if n["fqn"][1] == "public" and n["resource_type"] == "model"
    }
    parents = graph.get(dg.AssetKey(["published", "warehouse"])).parent_keys
    history = {n["name"] for n in manifest["nodes"].values() if n["fqn"][1] == "history"}
    expected = {("public", name) for name in public} | {("history", name) for name in history}
    assert {tuple(key.path) for key in parents} == expected


def test_documented_columns_are_the_promised_ones_in_order(catalog: Catalog, manifest: dict[str, Any]) -> None:
    folder = PROJECT_ROOT / "dbt" / "models" / "public"
    texts = [
        path.read_text("utf-8") for path in sorted(folder.glob("_*.yml")) if not path.name.endswith("_unit_tests.yml")
    ]
    documented = [model for text in texts for model in yaml.safe_load(text)["models"]]
    columns = {model["name"]: [c["name"] for c in model["columns"]] for model in documented}
    promised = {
        table: next(e.arguments["column_list"] for e in file.expectations if e.name == "columns")
        for table, file in catalog.expectations.items()
    }
    assert columns == promised
    enforced = {n["name"] for n in manifest["nodes"].values() if n["config"].get("contract", {}).get("enforced")}
    assert enforced == set(columns), "dbt compares documented and real columns only under an enforced contract"


def test_every_public_column_is_described_in_both_languages(manifest: dict[str, Any]) -> None:
    models = [n for n in manifest["nodes"].values() if n["config"].get("contract", {}).get("enforced")]
    without = [
        f"{model['name']}.{name}" for model in models for name, c in model["columns"].items() if not c["description"]
    ]
    assert without == []
    assert all(" / " in model["description"] for model in models)


def test_every_file_that_dbt_names_and_every_generated_file_exists(catalog: Catalog, manifest: dict[str, Any]) -> None:
    nodes = [*manifest["nodes"].values(), *manifest["sources"].values(), *manifest["unit_tests"].values()]
    named = {PROJECT_ROOT / "dbt" / n["original_file_path"] for n in nodes}
    assert [str(path) for path in named if not path.exists()] == []
    generated = set(generated_files(catalog))
    assert [str(path) for path in generated if not path.exists()] == []
    assert {path for path in generated if path.suffix == ".sql"} <= named


def test_both_schedules_run_the_one_job_in_norwegian_time(repository: dg.RepositoryDefinition) -> None:
    assert {s.job_name for s in repository.schedule_defs} == {"nightly_refresh"}
    assert {s.execution_timezone for s in repository.schedule_defs} == {"Europe/Oslo"}
    # The clocks change between 02 and 03, SSB rebuilds at 05:00 and publishes at 08:00.
    assert sorted(str(s.cron_schedule) for s in repository.schedule_defs) == ["15 4 * * *", "40 8 * * 1-5"]
