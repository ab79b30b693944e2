"""Real published figures through the whole job: what comes out equals what was recorded."""

from math import prod
from pathlib import Path

import orjson
import polars as pl
import pytest

from k2025_pipeline.lake.home import read_json
from k2025_pipeline.pxweb.jsonstat import decode

from .conftest import Refreshed


def cells(recordings: Path, name: str) -> pl.DataFrame:
    return decode((recordings / "statbank" / f"{name}.json").read_bytes())


def test_the_recordings_are_published(recorded: Refreshed) -> None:
    assert recorded.success
    sources = recorded.query("select distinct source from public.indicator_values order by 1").to_series().to_list()
    assert sources == ["document", "recording"], "series that documents print, and the recordings"


@pytest.mark.parametrize(("region", "rows"), [("0301", 6), ("EAK", 6), ("EAKUO", 6), ("EKG08", 6)])
def test_komp_01_equals_the_recorded_12209_to_the_decimal(
    recorded: Refreshed, recordings: Path, region: str, rows: int
) -> None:
    published = recorded.query(
        "select period, value from public.indicator_values "
        f"where structure = 'as_published' and indicator_id = 'KOMP-01' and region_code = '{region}' order by period"
    )
    source = cells(recordings, "12209").filter(
        pl.col("ContentsCode") == "KOSandelmhelseut0000", pl.col("KOKkommuneregion0000") == region
    )
    assert published.rows() == source.select(pl.col("Tid").alias("period"), "value").rows()
    assert published.height == rows


def test_population_80_and_over_of_oslo_2026_is_the_sum_over_the_recorded_07459(
    recorded: Refreshed, recordings: Path
) -> None:
    oslo = cells(recordings, "07459@agg_KommSummer").filter(
        pl.col("Region") == "K-0301",
        pl.col("Tid") == "2026",
        pl.col("Alder").cast(pl.String).str.slice(0, 3).cast(pl.Int32) >= 80,
    )
    published = recorded.query(
        "select sum(value) from source.ssb_07459 "
        "where region_code = '0301' and period = '2026' and cast(left(age, 3) as integer) >= 80"
    )
    assert published.item() == oslo["value"].sum() > 20_000


def test_zeros_of_12293_from_2018_are_missing_and_a_check_names_them(recorded: Refreshed) -> None:
    rows = recorded.query(
        "select period, value, obs_status from source.ssb_12293 where measure = 'occupancy' order by period"
    ).rows()
    assert [(year, value) for year, value, _ in rows[:3]] == [("2015", 109.0), ("2016", 110.0), ("2017", 110.3)]
    assert {(value, status) for _, value, status in rows[3:]} == {(None, "M")}
    check = recorded.check("typed", "ssb_12293", "known_faults")
    assert (check.passed, check.blocking) == (False, False)
    assert "0301 occupancy 2018–2025" in check.metadata["message"].value


def test_07459_is_fetched_in_at_least_two_requests_that_are_the_whole(recorded: Refreshed) -> None:
    manifest = read_json(next(recorded.home.raw.glob("ssb_07459/*/manifest.json")))
    parts = [r for r in manifest["requests"] if r["role"] == "data"]
    assert len(parts) >= 2
    asked = [{s["variableCode"]: s["valueCodes"] for s in orjson.loads(r["body"])["selection"]} for r in parts]
    assert len({code for selection in asked for code in selection["Region"]}) == 357
    assert sum(prod(map(len, selection.values())) for selection in asked) == 908_208, "no cell twice, none left out"
    assert recorded.query("select count(*) from source.ssb_07459").item() == 908_208


def test_tables_that_the_recordings_lack_are_empty_and_said_to_be_so(recorded: Refreshed) -> None:
    states = dict(recorded.query("select table_id, state from public.source_tables").rows())
    lacking = {"09429", "11643", "11645", "11658", "11924", "12003", "12191", "12362", "12367", "12441", "14534"}
    lacking |= {"14746", "14789"}
    assert {table for table, state in states.items() if state == "not_offered"} == lacking
    assert recorded.query("select count(*) from source.ssb_14534").item() == 0


def test_a_sum_for_the_country_is_given_only_where_every_municipality_has_a_figure(recorded: Refreshed) -> None:
    rows = recorded.query(
        "select period, numerator, obs_status from public.indicator_values "
        "where structure = 'as_published' and indicator_id = 'KONT-03' and region_code = 'EAK' order by period"
    ).rows()
    by_year = {year: (numerator, status) for year, numerator, status in rows}
    assert by_year["2020"] == (None, "M")
    assert by_year["2026"][1] == "D"
    assert by_year["2026"][0] > 1_000_000


def test_occupation_total_and_parts_differ_by_rounding_only(recorded: Refreshed) -> None:
    # 14533 is known to differ by up to 3 (README of the recordings).
    worst = recorded.query(
        "select max(abs(total - parts)) from (select period, "
        "sum(value) filter (where occupation_group = 'total') as total, "
        "sum(value) filter (where occupation_group <> 'total') as parts "
        "from source.ssb_14533 where region_code = '0301' group by period)"
    ).item()
    assert 0 < worst <= 3
