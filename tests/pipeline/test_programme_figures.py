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


def test_the_demo_says_so_in_every_row_that_no_document_holds(demo: Refreshed) -> None:
    printed = demo.query(
        "select distinct v.source, i.source_tables from public.indicator_values v "
        "join public.indicators i using (indicator_id) where v.source <> 'demo'"
    ).rows()
    assert all(source == "document" and tables.startswith("document_") for source, tables in printed), printed
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
        "KONT-01.80+": [79_571 + 37_550, 77_510 + 37_832, 74_919 + 37_203, 75_607 + 38_326],
        "KONT-01.80-89": [79_571, 77_510, 74_919, 75_607],
        "KONT-01.90+": [37_550, 37_832, 37_203, 38_326],
    }


SUFFIXES = {
    "Aktivitør": "ACTIVITY",
    "Barne- og ungdomsarbeider": "CHILD",
    "Helsefagarbeidere": "HEALTH",
    "Ergoterapeut": "THERAPIST",
    "Barnevernspedagog": "WELFARE",
    "Miljøterapeut": "MILIEU",
    "Sosionom": "SOCIAL",
    "Sykepleier": "NURSE",
    "Vernepleier": "EDUCATOR",
    "Pleieassistent med annen helseutdanning": "OTHER",
    "Pleieassistent uten helse- og sosialfaglig utdanning": "WITHOUT",
    "Service og administrativt personell": "SERVICE",
}
# The plan's table (lines 192–247): FTEs and persons employed. Worked from it by hand: mean position in per cent
# (FTEs by employed), full-time potential in FTEs (employed less FTEs), share of all FTEs and of all employed in per
# cent. Health care workers: 50 095 / 63 251 = 79.2; 63 251 - 50 095 = 13 156; 50 095 / 148 820 = 33.66;
# 63 251 / 202 925 = 31.17.
WORKED = [
    ("Aktivitør", 851, 1_088, 78.2, 237, 0.57, 0.54),
    ("Barne- og ungdomsarbeider", 1_848, 2_288, 80.8, 440, 1.24, 1.13),
    ("Helsefagarbeidere", 50_095, 63_251, 79.2, 13_156, 33.66, 31.17),
    ("Ergoterapeut", 1_325, 1_444, 91.8, 119, 0.89, 0.71),
    ("Barnevernspedagog", 1_302, 1_440, 90.4, 138, 0.87, 0.71),
    ("Miljøterapeut", 4_788, 6_493, 73.7, 1_705, 3.22, 3.20),
    ("Sosionom", 2_077, 2_282, 91.0, 205, 1.40, 1.12),
    ("Sykepleier", 32_266, 36_053, 89.5, 3_787, 21.68, 17.77),
    ("Vernepleier", 9_460, 10_085, 93.8, 625, 6.36, 4.97),
    ("Pleieassistent med annen helseutdanning", 5_894, 9_252, 63.7, 3_358, 3.96, 4.56),
    ("Pleieassistent uten helse- og sosialfaglig utdanning", 34_025, 62_906, 54.1, 28_881, 22.86, 31.00),
    ("Service og administrativt personell", 4_889, 6_343, 77.1, 1_454, 3.29, 3.13),
]
TOTAL = (148_820, 202_925, 73.3, 54_105)


def of_the_table(demo: Refreshed, pattern: str) -> dict[str, tuple[float, float, float]]:
    """Numerator, denominator and value for the country in 2021 of the definitions calculated from the plan's table."""
    rows = demo.query(
        "select indicator_id, numerator, denominator, value from public.indicator_values "
        f"where regexp_full_match(indicator_id, '{pattern}') and region_code = 'EAK' and period = '2021' "
        "and structure = 'as_published' and source = 'document'"
    ).rows()
    return {indicator: (numerator, denominator, value) for indicator, numerator, denominator, value in rows}


@pytest.mark.parametrize("worked", WORKED, ids=lambda worked: SUFFIXES[worked[0]])
def test_each_education_group_of_2021_equals_the_worked_figures(
    demo: Refreshed, worked: tuple[str, float, float, float, float, float, float]
) -> None:
    name, fte, employed, position, potential, share_fte, share_employed = worked
    suffix = SUFFIXES[name]
    assert of_the_table(demo, rf"(HELT-01|HELT-03|KOMP-02\.PLAN-SHARE|KOMP-09\.SHARE)[.-]{suffix}") == {
        f"HELT-01.{suffix}": (fte, employed, position),
        f"HELT-03.{suffix}": (potential, None, potential),
        f"KOMP-02.PLAN-SHARE-{suffix}": (fte, 148_820, share_fte),
        f"KOMP-09.SHARE-{suffix}": (employed, 202_925, share_employed),
    }, f"{PLAN}, lines 192–247, {name}"


def test_the_total_of_2021_equals_the_worked_figures_and_the_sum_of_the_groups(demo: Refreshed) -> None:
    fte, employed, position, potential = TOTAL
    assert of_the_table(demo, "HELT-0[13]") == {
        "HELT-01": (fte, employed, position),
        "HELT-03": (potential, None, potential),
    }, f"{PLAN}, lines 245–247"
    for pattern, whole in ((r"KOMP-02\.PLAN-SHARE-.*", fte), (r"KOMP-09\.SHARE-.*", employed)):
        parts = of_the_table(demo, pattern)
        assert len(parts) == len(WORKED)
        assert sum(numerator for numerator, _, _ in parts.values()) == whole, pattern


def test_the_potential_of_2021_fits_what_the_plan_says_of_it(demo: Refreshed) -> None:
    """Line 367: about 55 000, 4 000 (nurses), 14 000 (health care workers) and 30 000 (without education)."""
    rows = demo.query(
        "select r.ref_id, r.value - v.value from public.reference_values r join public.indicator_values v "
        "on r.indicator_id = v.indicator_id and r.region_code = v.region_code and r.period = v.period "
        "and v.structure = 'as_published' where r.line = '367'"
    ).rows()
    assert dict(rows) == {
        "R046": 55_000 - 54_105,
        "R047-nurse": 4_000 - 3_787,
        # 13 156 for health care workers alone; 13 833 with activity workers and child care and youth workers.
        "R047-health-worker": 14_000 - 13_833,
        "R047-assistant-without": 30_000 - 28_881,
    }
