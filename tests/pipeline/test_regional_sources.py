"""Spending, hours, the closed series, municipal health and the projection: from the demo's Statbank to the warehouse.

Belongs here: that they are fetched, accepted and published, and what core makes of them. Not here: their figures
(``tests/unit/test_demo_regional.py``).
"""

from __future__ import annotations

import duckdb
import polars as pl
import pytest

from .conftest import Refreshed

CELLS = {
    # 891 KOSTRA regions, 872 of Statbank's in 2015–2025, 373 of today
    "11643": 872 * 2 * 6 * 11,
    "11924": 891 * 20 * 2 * 9,
    "12191": 891 * 3 * 11,
    "12362": 891 * 2 * 11,
    "12367": 891 * 7 * 4 * 11,
    "14746": 373 * 2 * 56 * 25,
}


def core(demo: Refreshed, sql: str) -> pl.DataFrame:
    """What stands in the build, where core is."""
    with duckdb.connect(str(demo.home.build / "build.duckdb"), read_only=True) as connection:
        return connection.sql(sql).pl()


@pytest.mark.parametrize("table", CELLS)
def test_a_table_is_fetched_accepted_and_stands_in_the_file(demo: Refreshed, table: str) -> None:
    state = demo.query(f"select state, source from public.source_tables where table_id = '{table}'").row(0)
    assert state == ("current", "demo")
    assert demo.check("typed", f"ssb_{table}", "contract").passed
    assert demo.query(f"select count(*) from source.ssb_{table}").item() == CELLS[table]
    missing = demo.query(f"select count(*) from source.ssb_{table} where value is null and obs_status = 'A'")
    assert missing.item() == 0


def test_a_projection_widens_no_period_and_no_observation(demo: Refreshed) -> None:
    assert core(demo, "select max(year) from core.periods").item() == "2026"
    assert core(demo, "select max(year) from core.region_years").item() == "2026"
    assert core(demo, "select count(*) from core.observations where table_id = '14746'").item() == 0


def test_projected_bands_stand_in_core_for_every_region_of_today(demo: Refreshed) -> None:
    """The plan, 166: 4.3 persons aged 50–66 per person aged 85 and over in 2050."""
    found = core(demo, "select * from core.projections")
    assert (found["region_code"].n_unique(), found["year"].n_unique(), found["band"].n_unique()) == (373, 25, 7)
    assert found["persons"].null_count() == 0
    persons = {
        (row["year"], row["band"]): row["persons"]
        for row in found.filter(pl.col("region_code") == "EAK").iter_rows(named=True)
    }
    assert round(persons["2050", "50-66"] / persons["2050", "85+"], 1) == 4.3
    assert persons["2050", "80+"] == persons["2050", "80-89"] + persons["2050", "90+"]
    assert persons["2050", "67+"] == persons["2050", "67-79"] + persons["2050", "80+"]
    counted = core(demo, "select band, persons from core.population where region_code = 'EAK' and period = '2026'")
    now = dict(counted.rows())
    assert {band: persons["2026", band] for band in ("50-66", "80+", "85+")} == {
        band: now[band] for band in ("50-66", "80+", "85+")
    }


def test_population_has_the_bands_of_working_age_and_of_children(demo: Refreshed) -> None:
    sql = "select band, persons from core.population where region_code = '0301' and period = '2026'"
    bands = dict(core(demo, sql).rows())
    assert bands["0-66"] + bands["67+"] == bands["total"]
    assert 0.7 < bands["18-66"] / bands["0-66"] < 0.9


def test_hours_are_summed_to_kostra_groups_and_say_so(demo: Refreshed) -> None:
    rows = core(
        demo,
        "select obs_status, count(value) from core.observations where table_id = '11643' and value is not null "
        "and structure = 'as_published' and starts_with(region_code, 'EKG') group by 1",
    ).rows()
    assert [status for status, _ in rows] == ["D"]
    assert rows[0][1] > 0


def test_a_function_that_is_not_in_use_is_not_there_and_not_zero(demo: Refreshed) -> None:
    rows = demo.query(
        "select period, function_group, value is null, obs_status from source.ssb_12367 where region_code = 'EAK' "
        "and type_group = 'gross' and function_group in ('home', 'home_257') and period in ('2023', '2024')"
    ).rows()
    assert set(rows) == {
        ("2023", "home", False, "A"),
        ("2024", "home", True, "L"),
        ("2023", "home_257", True, "L"),
        ("2024", "home_257", False, "A"),
    }
