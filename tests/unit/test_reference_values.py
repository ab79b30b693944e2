"""The published figures of ``schemas/reference_values.yml``: all that the documents state, each with its place.

Here belong the declarations and what follows from them. Not here: holding them against our figures
(``dbt/models/marts/_unit_tests.yml``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from k2025_pipeline.catalog import load_catalog
from k2025_pipeline.catalog.loader import CatalogError, _check_references, read_file
from k2025_pipeline.catalog.programme import ReferenceFile, ReferenceValue
from k2025_pipeline.settings import PROJECT_ROOT
from k2025_pipeline.warehouse.declared import declared_tables

FILE = PROJECT_ROOT / "schemas" / "reference_values.yml"
FILE_CONTENT = read_file(FILE, ReferenceFile)
PROGRAMME_FIGURES = {f"R{number:03d}" for number in range(1, 58)}
"""One id for each statement of the five programme documents that holds an amount, in the order they stand."""
PARTS = {
    "R005": 2,  # users and share
    "R006": 2,
    "R008": 2,  # growth, and what demography does not explain
    "R009": 70,  # five age groups, seven years, users and share
    "R021": 2,
    "R026": 2,  # nurses, and four other occupations
    "R032": 2,
    "R036": 2,
    "R040": 2,
    "R042": 2,
    "R047": 3,
    "R049": 2,
    "R050": 2,
    "R054": 2,
    "R057": 2,
}
SMALLEST: dict[str, Any] = {
    "ref_id": "R999",
    "label": {"nb": "a", "en": "a"},
    "value": 1,
    "unit": "personer",
    "period": "2021",
    "kind": "exact",
    "document": "A document",
    "line": "1",
}


def _figures(number: str) -> list[ReferenceValue]:
    return [value for value in FILE_CONTENT.values if value.ref_id[:4] == number]


def test_every_figure_of_the_programme_documents_is_present() -> None:
    assert {value.ref_id[:4] for value in FILE_CONTENT.values if value.ref_id < "R1"} == PROGRAMME_FIGURES


@pytest.mark.parametrize("number", sorted(PROGRAMME_FIGURES))
def test_each_part_of_a_statement_is_present(number: str) -> None:
    # R023 is the table of lines 192-247, and stands beside it once for each denominator that it is.
    assert len(_figures(number)) == PARTS.get(number, 1) or number == "R023"


def test_the_table_of_2021_adds_up_to_its_totals() -> None:
    """Opptrappingsplan, lines 192-247: twelve groups, 148 820 FTEs and 202 925 employed."""
    for measure, total in (("fte", 148_820), ("employed", 202_925)):
        points = {
            value.series.category: value.value
            for value in FILE_CONTENT.values
            if value.series is not None
            and (value.series.table, value.series.measure) == ("document_plan_2021", measure)
        }
        assert points.pop("total") == total
        assert (len(points), sum(value or 0 for value in points.values())) == (12, total)


def test_users_by_age_add_up_to_what_the_plan_says_of_users_under_67() -> None:
    """Opptrappingsplan, lines 36-149, 2021: 295 856 users, of whom 122 572 under 67 («nearly 41 per cent», line 32)."""
    users = {v.ref_id: v.value or 0 for v in _figures("R009") if "users" in v.ref_id and v.period == "2021"}
    assert sum(users.values()) == 295_856
    assert users["R009-users-0-49-2021"] + users["R009-users-50-66-2021"] == 122_572


def test_every_figure_names_document_and_line() -> None:
    assert [v.ref_id for v in FILE_CONTENT.values if len(v.document) < 10 or not v.line.strip()] == []
    # A line of a programme document is a number or a range; elsewhere it says what the figure is called.
    programme = [v for v in FILE_CONTENT.values if v.ref_id < "R1"]
    assert [v.ref_id for v in programme if not v.line[0].isdigit()] == []


def test_the_part_of_every_figure_exists_in_its_indicator() -> None:
    catalog = load_catalog(PROJECT_ROOT / "schemas")
    assert sum(value.indicator_id is not None for value in catalog.references.values) > 90
    wrong = FILE_CONTENT.model_copy(
        update={"values": [ReferenceValue(**SMALLEST, indicator_id="REKR-01", indicator_part="denominator")]}
    )
    object.__setattr__(catalog, "references", wrong)
    with pytest.raises(CatalogError, match=r"values\.0\.indicator_part: REKR-01 has no denominator"):
        _check_references(Path("schemas/reference_values.yml"), catalog)


@pytest.mark.parametrize(
    ("value", "kind", "rounding"),
    [
        (148_820, "exact", 0.5),
        (22.9, "exact", 0.05),
        (39.0, "exact", 0.05),
        (0.66, "exact", 0.005),
        (149_000, "approx", 500),
        (130_000, "approx", 5_000),
        (41, "approx", 0.5),
        (14.7, "approx", 0.05),
        (55_000, "projection", 500),
        (0, "approx", 0.5),
    ],
)
def test_rounding_is_half_of_the_last_digit_that_is_told(value: float, kind: str, rounding: float) -> None:
    assert ReferenceValue(**SMALLEST | {"value": value, "kind": kind}).rounding == pytest.approx(rounding)


def test_a_bound_and_a_statement_have_no_rounding() -> None:
    assert ReferenceValue(**SMALLEST | {"kind": "bound", "bound": "lower"}).rounding is None
    assert ReferenceValue(**SMALLEST | {"kind": "statement", "value": None}).rounding is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"value": None}, "a statement has no value, and every other kind has one"),
        ({"kind": "statement"}, "a statement has no value, and every other kind has one"),
        ({"kind": "bound"}, "a bound says whether it is lower or upper"),
        ({"bound": "upper"}, "a bound says whether it is lower or upper"),
        ({"indicator_id": "REKR-01"}, "indicator_id and indicator_part stand together"),
        ({"indicator_part": "value"}, "indicator_id and indicator_part stand together"),
        ({"kind": "bound", "bound": "lower", "tolerance": 1}, "a bound or a statement has no tolerance"),
        (
            {"kind": "statement", "value": None, "series": {"table": "document_a", "measure": "fte"}},
            "a statement is no point of a series",
        ),
        ({"value": float("inf")}, "finite number"),
    ],
)
def test_a_figure_that_contradicts_itself_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        ReferenceValue(**SMALLEST | change)


def test_an_id_that_stands_twice_is_refused() -> None:
    with pytest.raises(ValidationError, match="a ref_id stands twice: 'R999'"):
        ReferenceFile(values=[ReferenceValue(**SMALLEST), ReferenceValue(**SMALLEST)])


def test_every_figure_is_a_row_of_the_catalog_with_what_it_is_judged_by() -> None:
    rows = {row["ref_id"]: row for row in declared_tables(load_catalog(PROJECT_ROOT / "schemas"))["reference_values"]}
    assert len(rows) == len(FILE_CONTENT.values)
    assert (rows["R011"]["rounding"], rows["R024"]["tolerance"], rows["R041"]["bound"]) == (500, 1.5, "lower")
    assert rows["R308-2020"]["demo_ignores"] is True
    assert rows["R022"]["why_different_en"].startswith("The plan rounds roughly or uses a wider group")
