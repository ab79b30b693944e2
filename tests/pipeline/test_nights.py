"""Nights as they come: nothing new, a revision, a bad table, a source that is silent, a blocked publication."""

import shutil
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest
import yaml

from k2025_pipeline.demo.generator import ensure_demo
from k2025_pipeline.lake.home import Home, WrongSource
from k2025_pipeline.orchestration.alerts import failure_of
from k2025_pipeline.orchestration.publication import MORNING_PAGE
from k2025_pipeline.pxweb.jsonstat import decode
from k2025_pipeline.quality import morning
from k2025_pipeline.warehouse.publish import file_hash, query

from .conftest import Refreshed, refresh

KOMP_01 = (
    "select edition, obs_status from public.indicator_values "
    "where indicator_id = 'KOMP-01' and region_code = 'EAK' and period = '{}'"
)


def test_a_night_with_nothing_new_asks_little_and_changes_nothing(demo: Refreshed) -> None:
    before = file_hash(demo.home.warehouse)
    typed = {path: path.stat().st_mtime_ns for path in demo.home.typed.rglob("*")}
    quiet = refresh(demo.home.root, "demo")
    assert quiet.success
    assert quiet.record.requests == {"statbank": 1}, "one listing, and nothing else"
    assert quiet.record.changes == "none"
    assert "Nothing changed." in (demo.home.reports / "changes.md").read_text("utf-8")
    assert set(quiet.record.states.values()) == {"unchanged"}
    assert file_hash(demo.home.warehouse) == before
    assert {path: path.stat().st_mtime_ns for path in demo.home.typed.rglob("*")} == typed
    assert "typed/ssb_12293/known_faults" in quiet.failed, "a known fault stays red on a quiet night"


def test_a_table_that_fails_stands_as_it_was_and_the_night_goes_on(
    troubled_night: Refreshed, first_night: Refreshed
) -> None:
    night = troubled_night
    assert night.success, "a refused table does not stop the others"
    check = night.check("typed", "ssb_12292", "contract")
    assert (check.passed, check.blocking) == (False, False)
    assert "magnitude" in check.metadata["message"].value
    assert "first rows" in " ".join(check.metadata)
    states = {
        r[0]: r[1:] for r in night.query("select table_id, state, vintage::date::text from public.source_tables").rows()
    }
    assert states["12292"] == ("stale", "2026-06-15")
    assert states["12209"] == ("current", "2026-06-15")
    marked = "select distinct is_stale from public.indicator_values where indicator_id = '{}'"
    assert night.query(marked.format("KOMP-05")).item() is True
    assert night.query(marked.format("KOMP-01")).item() is False
    numerators = (
        "select region_code, period, structure, numerator from public.indicator_values where indicator_id = 'KOMP-05' "
        "order by all"
    )
    assert night.query(numerators).equals(first_night.query(numerators))
    home = night.home.root
    assert len(list(home.glob("raw/ssb_12292/*/manifest.json"))) == 2, "the refused delivery stays in the archive"
    assert len(list(home.glob("typed/ssb_12292/*.parquet"))) == 1, "and nothing typed was written of it"


def test_a_home_belongs_to_one_source(demo: Refreshed, tmp_path: Path, tables: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(tables, tmp_path / "other")
    Home(home).claim("demo")
    with pytest.raises(WrongSource, match=r"holds figures from «demo».*K2025_HOME="):
        Home(home).claim(f"folder:{tmp_path / 'other'}")


@pytest.mark.slow
def test_a_silent_source_marks_everything_stale_and_keeps_the_figures(small: tuple[Path, Path]) -> None:
    home, folder = small
    count = "select count(value) from public.indicator_values"
    figures = query(Home(home), count).item()
    shutil.rmtree(folder / "statbank")
    (folder / "statbank").mkdir()
    night = refresh(home, str(folder), force=True)
    assert night.record.states["ssb_12209"] == "not_offered"
    assert night.success
    assert night.query(count).item() == figures


@pytest.mark.slow
def test_a_failed_acceptance_blocks(
    small: tuple[Path, Path], first_night: Refreshed, demo: Refreshed, project_copy: Callable[[], Path]
) -> None:
    """March stands while June is blocked by a failed expectation."""
    home, folder = small
    revised = ensure_demo(demo.home.demo, "revised")
    shutil.copy(revised / "statbank" / "12209.json", folder / "statbank")
    assert_blocked(home, refresh(home, str(folder), with_a_wrong_expectation(project_copy())), first_night)


def test_the_next_night_brings_the_revision(troubled_night: Refreshed, first_night: Refreshed, demo: Refreshed) -> None:
    editions = {name: ensure_demo(demo.home.demo, name) for name in ("unrevised", "revised")}
    assert first_night.query(KOMP_01.format(2025)).row(0) == ("unrevised", "P")
    assert first_night.query(KOMP_01.format(2024)).row(0) == ("revised", "A")
    june = troubled_night
    assert june.query(KOMP_01.format(2025)).row(0) == ("revised", "A")
    assert len(list(june.home.root.glob("typed/ssb_12209/*.parquet"))) == 2, "both vintages are kept"
    assert_the_revision_is_told(june, editions)


def test_a_broken_identity_in_one_domain_leaves_the_others_built_and_the_file_untouched(
    small: tuple[Path, Path], first_night: Refreshed, project_copy: Callable[[], Path]
) -> None:
    home, folder = small
    night = refresh(home, str(folder), with_a_broken_identity(project_copy()))
    assert not night.success
    assert file_hash(home / "warehouse.duckdb") == file_hash(first_night.home.warehouse)
    late = {"raw/ssb_12209/on_time_at_source"}  # it stands in the edition of March
    assert night.failed == {"marts/reconciliations/planted_identity"} | late
    assert night.record.ending == "blocked"
    assert "public/reconciliation" in night.record.not_built
    assert "public/indicator_values" not in night.record.not_built
    with duckdb.connect(str(night.home.build_file), read_only=True) as build:
        assert build.execute("select count(value) from public.indicator_values").fetchall()[0][0] > 1000
    assert_it_is_told(night)


def with_a_broken_identity(project: Path) -> Path:
    """A rule that rows of one mart break, as when sums stop adding up."""
    path = project / "dbt" / "models" / "marts" / "_marts.yml"
    models = yaml.safe_load(path.read_text(encoding="utf-8"))
    model = next(m for m in models["models"] if m["name"] == "reconciliations")
    planted = {"name": "planted_identity", "arguments": {"columns": ["verdict"]}}
    model["data_tests"].append({"unique_together": planted})
    path.write_text(yaml.safe_dump(models, allow_unicode=True), encoding="utf-8")
    return project


def assert_it_is_told(night: Refreshed) -> None:
    """In the check, in the list of runs, in the record and on the morning page."""
    check = night.check("marts", "reconciliations", "planted_identity")
    assert check.metadata["broken by"].value > 1, "verdicts that more than one figure has"
    assert "verdict" in check.metadata["first of them"].value
    assert check.metadata["declared in"].value == "dbt/models/marts/_marts.yml"
    assert check.metadata["runbook"].value.endswith("/runbook/relations.html")
    with dg.DagsterInstance.get() as instance:
        run = instance.get_run_by_id(night.record.run_id)
        assert run is not None and run.status == dg.DagsterRunStatus.FAILURE
        said = str(failure_of(instance, run.run_id, night.home.root))
        page = instance.get_latest_materialization_event(MORNING_PAGE)
    assert "marts/reconciliations/planted_identity" in said
    assert "docs/runbook/relations.md" in said
    shown = (night.home.reports / morning.LATEST).read_text(encoding="utf-8")
    assert "Ikke publisert" in shown
    assert "planted_identity" in shown
    assert page is not None and page.asset_materialization is not None
    assert "planted_identity" in page.asset_materialization.metadata["report"].value


def with_a_wrong_expectation(project: Path) -> Path:
    path = project / "schemas" / "expectations" / "measures.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("value: 17", "value: 18"), encoding="utf-8")
    return project


def assert_blocked(home: Path, night: Refreshed, before: Refreshed) -> None:
    assert not night.success
    assert "public/measures/seventeen_measures" in night.failed
    assert file_hash(home / "warehouse.duckdb") == file_hash(before.home.warehouse)
    names = {folder: sorted(path.name for path in folder.iterdir()) for folder in (home / "public", before.home.public)}
    assert names[home / "public"] == names[before.home.public]
    assert night.query(KOMP_01.format(2025)).row(0) == ("unrevised", "P")


def assert_the_revision_is_told(june: Refreshed, editions: dict[str, Path]) -> None:
    """History answers as of both dates, revisions carry both values, and the report says what changed."""
    for edition, day in (("unrevised", "2026-03-16"), ("revised", "2026-06-15")):
        served = decode((editions[edition] / "statbank" / "12209.json").read_bytes())
        served = served.with_columns(pl.exclude("value").cast(pl.String))
        held = june.query(
            "select region_code, measure_code, period, value from "
            f"(select * from source_history.ssb_12209_as_of('{day}')) join (select distinct measure, measure_code "
            "from source.ssb_12209) using (measure)"
        )
        compared = held.join(
            served,
            left_on=["region_code", "measure_code", "period"],
            right_on=["KOKkommuneregion0000", "ContentsCode", "Tid"],
        )
        assert compared.height == served.height > 0
        assert compared["value"].equals(compared["value_right"], null_equal=True)
    revisions = june.query("select * from public.indicator_revisions")
    assert "KOMP-01" in set(revisions["indicator_id"])
    assert set(revisions["cause"]) == {"source"}
    told = revisions.filter(pl.col("previous_value").is_not_null() & pl.col("current_value").is_not_null())
    assert told.height > 0
    assert ((told["difference"] - (told["current_value"] - told["previous_value"])).abs() < 1e-6).all()
    now = june.query(
        "select indicator_id, region_code, period, value from public.indicator_values where structure = 'as_published'"
    )
    joined = revisions.join(now, on=["indicator_id", "region_code", "period"])
    assert joined.height == revisions.height
    assert joined["current_value"].equals(joined["value"], null_equal=True)
    kinds = set(june.query("select distinct kind from public.changes where table_id = '12209'").to_series())
    assert {"first_vintage", "revised"} <= kinds
    report = (june.home.reports / "changes.md").read_text("utf-8")
    assert "revidert / revised" in report
    assert "KOMP-01" in report
    vintages = june.query("select state, valid_to is null from public.source_vintages where table_id = '12209'").rows()
    assert sorted(vintages) == [("current", True), ("superseded", False)]


def test_the_published_file_is_documented_and_read_only(demo: Refreshed) -> None:
    with duckdb.connect(str(demo.home.warehouse), read_only=True) as connection:
        undocumented = connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns() "
            "where database_name = 'warehouse' and coalesce(comment, '') = ''"
        ).fetchall()
        tables = connection.execute("select count(*) from duckdb_tables() where coalesce(comment, '') = ''").fetchall()
        version = connection.execute(
            "select tags['storage_version'] from duckdb_databases() where database_name = 'warehouse'"
        ).fetchall()
    assert undocumented == []
    assert tables == [(0,)]
    assert "v1.2" in version[0][0]
    assert demo.home.warehouse.stat().st_mode & 0o222 == 0


def test_parquet_stands_beside_the_file_and_holds_the_same(demo: Refreshed) -> None:
    for name in ("indicator_values", "indicators", "regions"):
        count = demo.query(f"select count(*) from public.{name}").item()
        path = demo.home.public / f"{name}.parquet"
        assert pl.read_parquet(path).height == count > 0
