"""The figures of the programme documents, out of the public tables of the demo.

Every figure stands in `schemas/reference_values.yml` with document and line; here the ones that the demo must
reproduce are compared, and the headline ones are written out with their place.
Document: Opptrappingsplan for heltid og god bemanning i omsorgstjenesten.
"""

import pytest

from .conftest import Refreshed

PLAN = "Opptrappingsplan for heltid og god bemanning i omsorgstjenesten"


@pytest.mark.parametrize(
    ("indicator", "part", "figure", "lines"),
    [
        ("REKR-01", "value", 148_820, "245–247"),
        ("KOMP-02.ALL", "numerator", 34_025, "192–247"),
        ("KOMP-02.ALL", "value", 22.9, "192–247, calculated: 34 025 of 148 820"),
        ("KOMP-04", "numerator", 32_266, "192–247"),
        ("KOMP-03", "numerator", 50_095, "192–247"),
        ("KONT-01.0-49", "numerator", 80_926, "36–150"),
        ("KONT-01.50-66", "numerator", 41_646, "36–150"),
        ("KONT-01.67-79", "numerator", 59_351, "36–150"),
        ("KONT-01.80-89", "numerator", 75_607, "36–150"),
        ("KONT-01.90+", "numerator", 38_326, "36–150"),
        ("KONT-01.0-49", "value", 2.4, "36–150"),
        ("KONT-01.50-66", "value", 3.6, "36–150"),
        ("KONT-01.67-79", "value", 9.4, "36–150"),
        ("KONT-01.80-89", "value", 39.0, "36–150"),
        ("KONT-01.90+", "value", 82.3, "36–150"),
    ],
)
def test_2021_for_the_country_is_as_the_plan_states(
    demo: Refreshed, indicator: str, part: str, figure: float, lines: str
) -> None:
    found = demo.query(
        f"select {part} from public.indicator_values "
        f"where indicator_id = '{indicator}' and region_code = 'EAK' and period = '2021'"
    )[part].to_list()
    assert found == [figure, figure], f"{PLAN}, line {lines}"


def test_every_exact_figure_that_the_demo_claims_is_reproduced(demo: Refreshed) -> None:
    rows = demo.query(
        "select ref_id, verdict, reference_value, own_value, document, line from public.reconciliation "
        "where kind = 'exact' and source = 'demo' and verdict <> 'generated'"
    ).rows()
    # Figures of the programme documents (below R100) are met to the digit; others where their rounding allows it.
    differing = [row for row in rows if row[1] != "same" and (row[0] < "R1" or row[1] != "within_rounding")]
    assert sum(row[0] < "R1" for row in rows) > 40
    assert differing == []


def test_no_published_figure_differs_without_a_reason(demo: Refreshed) -> None:
    differing = demo.query("select ref_id, difference from public.reconciliation where verdict = 'differs'").rows()
    assert differing == []


def test_the_demo_says_so_in_every_row(demo: Refreshed) -> None:
    assert demo.query("select distinct source from public.indicator_values").item() == "demo"
    assert "DEMO" in (demo.home.reports / "data_docs" / "index.html").read_text(encoding="utf-8")


def test_users_by_age_2015_to_2021_come_out_for_every_odd_year(demo: Refreshed) -> None:
    rows = demo.query(
        "select indicator_id, list(numerator order by period) from public.indicator_values "
        "where structure = 'current' and indicator_id like 'KONT-01.%' and region_code = 'EAK' "
        "and period in ('2015', '2017', '2019', '2021') "
        "group by 1 order by 1"
    ).rows()
    # Lines 36–150 of the plan.
    assert dict(rows) == {
        "KONT-01.0-49": [69_994, 73_602, 76_473, 80_926],
        "KONT-01.50-66": [37_701, 39_543, 40_512, 41_646],
        "KONT-01.67-79": [50_383, 53_814, 55_053, 59_351],
        "KONT-01.80-89": [79_571, 77_510, 74_919, 75_607],
        "KONT-01.90+": [37_550, 37_832, 37_203, 38_326],
    }
