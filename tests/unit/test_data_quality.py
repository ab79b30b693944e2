"""The quality of the data night by night: what is laid before a build, and what a night leaves behind.

Here belongs the record of nights on their way into and out of the warehouse. Not here: the sums themselves
(``dbt/models/marts/_quality_unit_tests.yml``) and acceptance of the tables (``tests/contract/test_expectations.py``).
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from k2025_pipeline.catalog import Catalog, load_catalog
from k2025_pipeline.ingest.changes import Seen
from k2025_pipeline.lake.home import Home
from k2025_pipeline.quality import nights
from k2025_pipeline.quality.data_quality import quality_of_night
from k2025_pipeline.quality.nights import CHECKS, QUALITY, NightRecord
from k2025_pipeline.settings import PROJECT_ROOT
from k2025_pipeline.warehouse import inputs

STARTED = datetime(2026, 11, 26, 3, 15, 2, tzinfo=UTC)
BUILT: dict[str, Any] = {"night_id": "20261125T031502Z", "night": date(2026, 11, 25), "source": "demo"}
MISSING = BUILT | {"quality_id": "DQ-02", "table_id": "12209", "reason": "missing", "unit": "prosent"}
MISSING |= {"numerator": 4.0, "denominator": 100.0, "value": 4.0}
LATE = BUILT | {"quality_id": "DQ-05", "table_id": "12209", "reason": "late_with_us", "unit": "dager"}
LATE |= {"numerator": 9.0, "denominator": 1.0, "value": 9.0}
EARLIER = MISSING | {"night_id": "20261124T031502Z", "numerator": 5.0}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(PROJECT_ROOT / "schemas")


def published(home: Home, *rows: dict[str, Any]) -> None:
    """A published file that tells of these nights."""
    frame = pl.DataFrame(list(rows), schema=QUALITY)
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.register("told", frame.to_arrow())
        connection.execute("create schema if not exists public")
        connection.execute("create table public.data_quality_nights as select * from told")


def recorded(home: Home, started: datetime, quality: pl.DataFrame | None = None) -> None:
    text = started.isoformat(timespec="seconds")
    frame = pl.DataFrame(schema=QUALITY) if quality is None else quality
    nights.write(home, NightRecord(text, text, "demo", "demo", "published", None, 1.0), [], frame)


class TestOfANight:
    def test_figures_are_those_of_the_build_that_stands_and_lateness_is_of_tonight(
        self, catalog: Catalog, tmp_path: Path
    ) -> None:
        home = Home(tmp_path)
        published(home, EARLIER, MISSING, LATE)
        Seen(home).note_shown("ssb_12209", "2026-11-20T07:00:00Z")
        found = quality_of_night(home, catalog, STARTED, "demo")
        assert dict(found.schema) == QUALITY
        assert found["night_id"].unique().to_list() == ["20261126T031502Z"]
        assert found["night"].unique().to_list() == [date(2026, 11, 26)]
        of_table = found.filter(table_id="12209").select("quality_id", "reason", "numerator", "denominator", "value")
        assert of_table.rows() == [
            ("DQ-02", "missing", 4.0, 100.0, 4.0),
            ("DQ-05", "late_at_source", 0.0, 1.0, 0.0),
            ("DQ-05", "late_with_us", 6.0, 1.0, 6.0),
        ]

    def test_before_the_first_publication_there_are_no_figures(self, catalog: Catalog, tmp_path: Path) -> None:
        assert quality_of_night(Home(tmp_path), catalog, STARTED, "demo").is_empty()

    def test_a_file_of_an_earlier_version_has_none_either(self, catalog: Catalog, tmp_path: Path) -> None:
        home = Home(tmp_path)
        duckdb.connect(str(home.warehouse)).close()
        assert quality_of_night(home, catalog, STARTED, "demo").is_empty()

    def test_the_night_is_the_one_of_oslo(self, catalog: Catalog, tmp_path: Path) -> None:
        home = Home(tmp_path)
        published(home, MISSING)
        evening = datetime(2026, 11, 26, 23, 30, tzinfo=UTC)
        assert quality_of_night(home, catalog, evening, "demo")["night"].to_list() == [date(2026, 11, 27)]


class TestLaid:
    def test_the_record_of_nights_is_no_part_of_what_a_build_depends_on(self, catalog: Catalog, tmp_path: Path) -> None:
        """Every night adds to it: a night after one that found nothing new would never be quiet."""
        home, folders = Home(tmp_path), [PROJECT_ROOT / "schemas"]
        before = inputs.fingerprint(home, catalog, folders)
        recorded(home, STARTED - timedelta(days=1), pl.DataFrame([MISSING], schema=QUALITY))
        Seen(home).note_shown("ssb_12209", "2026-11-20T07:00:00Z")
        assert inputs.fingerprint(home, catalog, folders) == before

    def test_tonight_and_earlier_nights_are_laid_for_dbt(self, catalog: Catalog, tmp_path: Path) -> None:
        home = Home(tmp_path)
        recorded(home, STARTED - timedelta(days=1), pl.DataFrame([MISSING], schema=QUALITY))
        Seen(home).note_shown("ssb_12209", "2026-11-20T07:00:00Z")
        inputs.prepare(home, catalog, "demo", STARTED)
        with duckdb.connect(str(home.build_file)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            assert connection.sql("from catalog.night").fetchall() == [
                ("20261126T031502Z", date(2026, 11, 26), STARTED)
            ]
            assert connection.sql("select table_id, value from catalog.quality_nights").fetchall() == [("12209", 4.0)]
            assert connection.sql("from catalog.check_results").columns == list(CHECKS)
            late = connection.sql("from catalog.staleness where table_id = '12209' order by reason").fetchall()
        assert late == [("12209", "late_at_source", 0, "2026", "demo"), ("12209", "late_with_us", 6, "2026", "demo")]

    def test_a_home_without_nights_has_the_same_columns(self, catalog: Catalog, tmp_path: Path) -> None:
        home = Home(tmp_path)
        inputs.prepare(home, catalog, "demo")
        with duckdb.connect(str(home.build_file)) as connection:
            for table, columns in (("quality_nights", QUALITY), ("check_results", CHECKS)):
                assert connection.sql(f"from catalog.{table}").columns == list(columns)
                assert connection.sql(f"from catalog.{table}").fetchall() == []


@pytest.mark.slow
def test_a_year_of_nights_is_read_in_seconds(tmp_path: Path) -> None:
    """365 nights of 800 checks: a build reads them all."""
    home = Home(tmp_path)
    for day in range(365):
        started = STARTED - timedelta(days=day)
        folder = home.nights / nights.night_id(started)
        folder.mkdir(parents=True)
        check = {"night_id": folder.name, "night": started.date(), "started_at": started, "failed_rows": 0}
        text = {name: "text" for name, dtype in CHECKS.items() if dtype == pl.String() and name != "night_id"}
        flags = dict.fromkeys(("blocking", "passed", "repeated"), True)
        rows = [check | text | flags | {"check_name": f"check_{number}"} for number in range(800)]
        pl.DataFrame(rows, schema=CHECKS).write_parquet(folder / "checks.parquet", compression="zstd")
    begun = time.monotonic()
    with duckdb.connect(str(tmp_path / "b.duckdb")) as connection:
        connection.execute(f"create table checks as {nights.history_sql(home, 'checks', CHECKS)}")
        assert connection.sql("select count(*) from checks").fetchall() == [(365 * 800,)]
    assert time.monotonic() - begun < 10
