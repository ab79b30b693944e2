"""Sickness absence, employees by occupation and education of the population, from the source to the warehouse."""

from pathlib import Path

import polars as pl
import pytest

from k2025_pipeline.pxweb.jsonstat import decode

from .conftest import Refreshed

NATIONAL = ["11658", "12441", "14789"]
QUARTERLY = ["11658", "12451"]
TABLES = ["09429", "11658", "12441", "12451", "14789"]


@pytest.mark.parametrize("table", TABLES)
def test_a_table_is_fetched_accepted_and_published(demo: Refreshed, table: str) -> None:
    state = demo.query(f"select state from public.source_tables where table_id = '{table}'").item()
    assert state == "current"
    assert demo.check("typed", f"ssb_{table}", "contract").passed
    assert demo.query(f"select count(value) from source.ssb_{table}").item() > 0


@pytest.mark.parametrize("table", NATIONAL)
@pytest.mark.parametrize("schema", ["source", "source_history"])
def test_a_national_table_is_about_the_country(demo: Refreshed, table: str, schema: str) -> None:
    regions = demo.query(f"select distinct structure, region_code from {schema}.ssb_{table}").rows()
    assert regions == [("as_published", "EAK")]


@pytest.mark.parametrize("table", QUARTERLY)
@pytest.mark.parametrize("schema", ["source", "source_history"])
def test_quarters_are_named_as_in_sdmx(demo: Refreshed, table: str, schema: str) -> None:
    periods = demo.query(f"select distinct period from {schema}.ssb_{table} order by period").to_series().to_list()
    assert periods == [f"{year}Q{quarter}" for year in range(2015, 2026) for quarter in (1, 2, 3, 4)]


def test_absence_of_the_country_by_quarter_as_published(demo: Refreshed) -> None:
    """Statistics Norway, quoted by KS: doctor-certified, all sectors, 2019K1–2021K2."""
    rates = demo.query(
        "select value from source.ssb_12451 where region_code = 'EAK' and sex_group = 'all' "
        "and period between '2019Q1' and '2021Q2' order by period"
    )
    assert rates.to_series().to_list() == [5.5, 4.9, 4.3, 5.3, 6.1, 5.1, 4.5, 5.5, 5.7, 5.3]


def test_a_quarter_has_figures_for_the_codes_of_its_year(demo: Refreshed) -> None:
    outside = demo.query(
        "select * from source.ssb_12451 as told left join public.regions as regions "
        "on told.region_code = regions.region_code and left(told.period, 4) = regions.year "
        "where regions.region_code is null and told.value is not null"
    )
    assert outside.is_empty()
    baerum = demo.query(
        "select region_code, min(period), max(period) from source.ssb_12451 "
        "where region_code in ('0219', '3024', '3201') and value is not null group by all order by all"
    )
    assert baerum.rows() == [("0219", "2015Q1", "2019Q4"), ("3024", "2020Q1", "2023Q4"), ("3201", "2024Q1", "2025Q4")]


def test_the_recorded_absence_is_published_to_the_decimal(recorded: Refreshed, recordings: Path) -> None:
    source = decode((recordings / "statbank" / "12451.json").read_bytes())
    expected = source.select(pl.col("Region").cast(pl.String).alias("region_code"), "value").sort("region_code")
    published = recorded.query(
        "select region_code, value from source.ssb_12451 where period = '2025Q4' and sex_group = 'all' order by 1"
    )
    assert published.rows() == expected.rows()
    assert published.height == 43
    assert recorded.query("select distinct obs_status, period from source.ssb_12451").rows() == [("A", "2025Q4")]
