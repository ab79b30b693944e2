"""`docs/which-share.md`: every figure that the page gives is the warehouse's.

The page tells the competing shares «without education» apart. Figures calculated from the plan's table
(Opptrappingsplan for heltid og god bemanning i omsorgstjenesten, lines 192–247) are held against
`public.indicator_values`, and figures that are only told again against `public.reference_values`.
"""

import re
from dataclasses import dataclass

import pytest

from k2025_pipeline.settings import PROJECT_ROOT

from .conftest import Refreshed

PAGE = (PROJECT_ROOT / "docs" / "which-share.md").read_text(encoding="utf-8")
CLAIMS = "## Påstandene, og hva de er"
OTHERS = "## Andre tall som forveksles med disse"
WITH_EDUCATION = "## Med utdanning er ikke resten"


@dataclass
class Row:
    """One row of a table of the page, by the heading of its column."""

    cells: dict[str, str]

    def number(self, column: str) -> float:
        """The number of a cell as it is written in Norwegian: the last one, after what it counts."""
        found = re.findall(r"\d+(?: \d{3})*(?:,\d+)?", self.cells[column])
        return float(found[-1].replace(" ", "").replace(",", "."))


def table(heading: str) -> list[Row]:
    """The first table under a heading."""
    section = PAGE.split(f"{heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    split = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [Row(dict(zip(split[0], cells, strict=True))) for cells in split[2:]]


def test_each_calculated_share_has_the_numerator_denominator_and_value_of_the_warehouse(demo: Refreshed) -> None:
    rows = table(CLAIMS)
    figures = demo.query(
        "select definition_id, numerator, denominator, value from public.indicator_values "
        "where source = 'document' and structure = 'as_published' and region_code = 'EAK' and period = '2021'"
    ).rows()
    found = {definition: (numerator, denominator, value) for definition, numerator, denominator, value in figures}
    told = [
        (row.cells["definition_id"], (row.number("Teller"), row.number("Nevner"), row.number("Beregnet")))
        for row in rows
    ]
    assert len(rows) == 10
    assert told == [(definition, found.get(definition)) for definition, _ in told]


def test_every_calculated_definition_without_education_stands_on_the_page(demo: Refreshed) -> None:
    kept = demo.query(
        "select distinct definition_id from public.indicator_values where source = 'document' "
        "and (indicator_id like 'KOMP-02%' or indicator_id like 'KOMP-09%') and indicator_id not like '%SHARE%'"
    )["definition_id"]
    assert set(kept) == {row.cells["definition_id"] for row in table(CLAIMS)}


@pytest.mark.parametrize("row", table(CLAIMS), ids=lambda row: f"{row.cells['Påstand']} {row.cells['definition_id']}")
def test_what_the_page_calls_reproduced_is(row: Row) -> None:
    """A claim in figures is reproduced where the calculated value, to its decimals, is the claim."""
    claims = {"om lag en tredel": 33.3, "om lag halvparten": 50.0}
    claim = claims.get(row.cells["Påstand"]) or row.number("Påstand")
    decimals = 0 if float(claim).is_integer() else 1
    assert row.cells["Kan den gjenskapes?"].startswith("Ja") == (round(row.number("Beregnet"), decimals) == claim)


def test_shares_with_education_are_the_ones_published_or_calculated(demo: Refreshed) -> None:
    rows = table(WITH_EDUCATION)
    figures = demo.query(
        "select definition_id, period, value from public.indicator_values "
        "where structure = 'as_published' and region_code = 'EAK' and indicator_id like 'KOMP-01%'"
    ).rows()
    found = {(definition, period): value for definition, period, value in figures}
    told = {(row.cells["definition_id"], row.cells["År"]): row.number("Beregnet") for row in rows}
    assert len(told) == 4
    assert told == {key: found.get(key) for key in told}
    assert [row.number("Tall") for row in rows] == [row.number("Beregnet") for row in rows]


def test_figures_told_again_are_those_of_the_documents(demo: Refreshed) -> None:
    told = {row.cells["ref_id"]: row.number("Tall") for row in table(OTHERS)}
    found = dict(
        demo.query("select ref_id, value from public.reference_values where ref_id like 'R353%'")
        .select("ref_id", "value")
        .rows()
    )
    assert told == found
    assert len(told) == 3


def test_the_mean_position_that_explains_the_difference_is_the_calculated_one(demo: Refreshed) -> None:
    value = demo.query(
        "select value from public.indicator_values "
        "where indicator_id = 'HELT-01.WITHOUT' and structure = 'as_published' and region_code = 'EAK'"
    ).item()
    assert f"{value:.1f}".replace(".", ",") + " prosent i gjennomsnitt\n  (`HELT-01.WITHOUT`)" in PAGE
