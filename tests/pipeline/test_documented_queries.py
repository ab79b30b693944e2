"""The SQL that documentation shows runs on the published demo and answers what it says."""

import re

import polars as pl
import pytest

from k2025_pipeline.settings import PROJECT_ROOT

from .conftest import Refreshed

_BLOCK = re.compile(r"^```sql\n(.*?)^```", re.M | re.S)
PAGES = ("comparing", "which-share", "uncertainty", "answers", "quality")
DOCUMENTS = ("README.md", *(f"docs/{name}.md" for name in PAGES))
NOT_IN_ONE_NIGHT = ("indicator_revisions", "source_history", "check_results")
"""A first night has revised nothing, and holds no earlier vintage and no checks of earlier nights."""


def statements(document: str) -> list[str]:
    """Every SQL statement of a page, without comments."""
    text = (PROJECT_ROOT / document).read_text(encoding="utf-8")
    lines = "\n".join(
        line for block in _BLOCK.findall(text) for line in block.splitlines() if not line.startswith("--")
    )
    return [statement.strip() for statement in lines.split(";") if statement.strip()]


def titled(title: str) -> str:
    """The statement under a heading of `docs/comparing.md`."""
    text = (PROJECT_ROOT / "docs" / "comparing.md").read_text(encoding="utf-8")
    return _BLOCK.search(text.split(f"## {title}\n")[1]).group(1)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "sql", [s for d in DOCUMENTS for s in statements(d)], ids=lambda sql: " ".join(sql.split())[:60]
)
def test_documented_sql_answers_with_rows(demo: Refreshed, sql: str) -> None:
    rows = demo.query(sql)
    assert rows.height > 0 or any(table in sql for table in NOT_IN_ONE_NIGHT)


def test_my_municipality_against_its_group_over_five_years(demo: Refreshed) -> None:
    rows = demo.query(titled("My municipality against its KOSTRA group over five years"))
    assert rows["period"].to_list() == ["2021", "2022", "2023", "2024", "2025"]
    assert rows["group_value"].null_count() == rows["median"].null_count() == 0
    assert ((rows["quartile_low"] <= rows["median"]) & (rows["median"] <= rows["quartile_high"])).all()


def test_all_municipalities_in_todays_structure_since_2015(demo: Refreshed) -> None:
    rows = demo.query(titled("All municipalities in today's structure since 2015"))
    assert rows.height == 357 * 11
    assert rows["obs_status"].null_count() == 0
    assert rows.filter(pl.col("region_code") == "1580")["obs_status"].to_list()[:9] == ["L"] * 9


def test_which_of_my_comparisons_cross_a_break(demo: Refreshed) -> None:
    rows = demo.query(titled("Which of my comparisons cross a break"))
    assert dict(rows.select("region_code", "verdict").rows()) == {
        "0219": "no figure in one of the years",
        "0301": "crosses a break",
        "1103": "crosses a break",
        "3201": "may be compared",
    }
    because = dict(rows.select("region_code", "breaks").rows())
    assert because["0301"].startswith("2018 Ny metode for arbeidstid")
    assert because["1103"] == "2020 Koden står for et annet område enn året før"
    assert because["3201"] is None
