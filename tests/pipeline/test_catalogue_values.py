"""Every indicator that says it is computed has figures, at the finest level that its source carries.

Belongs here: that there are any, in the demo and, where they carry it, in the recordings. Not here: whether they are
right (the tests of each formula).
"""

import polars as pl

from k2025_pipeline.catalog import load_catalog
from k2025_pipeline.settings import PROJECT_ROOT

from .conftest import Refreshed

FINEST = ("municipality", "county", "kostra_group", "country")
HELD = """
select i.indicator_id, i.family_id, i.domain, i.levels, v.region_level, count(v.value) as figures,
    count(distinct v.period) filter (where v.value is not null) as periods,
    min(v.period) filter (where v.value is not null) as first_period,
    max(v.period) filter (where v.value is not null) as last_period
from public.indicators as i
left join public.indicator_values as v on v.indicator_id = i.indicator_id and v.structure = 'as_published'
where i.availability = 'computed'
group by all
"""


def test_a_computed_indicator_has_figures_at_its_finest_level(demo: Refreshed) -> None:
    held = demo.query(HELD).filter(pl.col("domain") != "DQ")
    assert held["family_id"].n_unique() >= 20
    empty = []
    for indicator, levels in held.select("indicator_id", "levels").unique().rows():
        finest = next(level for level in FINEST if level in levels.split(", "))
        told = held.filter(pl.col("indicator_id") == indicator, pl.col("region_level") == finest)
        if told.is_empty() or not told["figures"][0]:
            empty.append(f"{indicator} ({finest})")
    assert empty == []


def test_the_four_measures_of_quality_have_figures(demo: Refreshed) -> None:
    held = demo.query("select quality_id, count(value) as figures from public.data_quality group by 1 order by 1")
    assert held["quality_id"].to_list() == ["DQ-01", "DQ-02", "DQ-03", "DQ-04", "DQ-05"]
    assert held["figures"].min() > 10


def test_what_is_not_computed_is_in_the_catalogue_with_its_reason(demo: Refreshed) -> None:
    lacking = demo.query("select * from public.indicators where availability <> 'computed'")
    assert lacking["availability_reason_nb"].null_count() == lacking["availability_reason_en"].null_count() == 0
    assert set(lacking["availability"]) == {"reference_only", "upload"}
    families = load_catalog(PROJECT_ROOT / "schemas").indicators
    assert demo.query("select count(distinct family_id) from public.indicators").item() == len(families) == 45


def test_the_recordings_carry_real_figures_of_these(recorded: Refreshed) -> None:
    """Of the recorded tables 07459, 12209, 12451 and 14533."""
    held = recorded.query(HELD).filter(pl.col("figures") > 0)
    real = set(held["indicator_id"])
    assert {"KOMP-01", "KONT-03", "REKR-01", "REKR-01.GROWTH", "REKR-02", "STAB-01"} <= real
    absence = held.filter(pl.col("indicator_id") == "STAB-01", pl.col("region_level") == "municipality")
    assert absence.select("figures", "first_period", "last_period").row(0) == (43, "2025Q4", "2025Q4")
