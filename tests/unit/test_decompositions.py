"""Declared decompositions and gaps: what may be said, and the rows that dbt reads.

Here belong ``schemas/decompositions.yml`` and ``of`` of a calculation. Not here: the arithmetic (dbt's unit tests).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from k2025_pipeline.catalog import Catalog, load_catalog
from k2025_pipeline.catalog.calculations import Calculation
from k2025_pipeline.catalog.decompositions import Decomposition, DecompositionFile
from k2025_pipeline.catalog.loader import _decomposition_problems, _gap_problems
from k2025_pipeline.settings import PROJECT_ROOT
from k2025_pipeline.warehouse.declared import declared_frame, declared_tables


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(PROJECT_ROOT / "schemas")


def declared(**fields: Any) -> dict[str, Any]:
    """A right declaration on a Statbank table, with ``fields`` changed."""
    words = {"nb": "Noe", "en": "Something"}
    given = {"id": "X", "kind": "amount", "name": words, "of": words, "table": "14534", "persons": "fte"}
    given |= {"volume": "fte", "counted": [{"education": "nurse"}], "decimals": 1}
    return given | fields


def gap(of: str | None) -> Calculation:
    words = {"words": {"nb": "a", "en": "b"}}
    return Calculation.model_validate({"method": "model", "model": "gap", "of": of, "numerator": words})


def test_groups_become_rows_known_by_their_category(catalog: Catalog) -> None:
    others = [{"education": "health_worker"}]
    one = Decomposition.model_validate(declared(kind="share", beside=others, full_position=37.5))
    rows = declared_tables(replace(catalog, decompositions={"X": one}))["decompositions"]
    assert [(row["category"], row["counted"]) for row in rows] == [
        ("total|nurse", True),
        ("total|health_worker", False),
    ]
    assert {(row["unit"], row["volume_is_mean"], row["full_position"]) for row in rows} == {
        ("prosentpoeng", True, 37.5)
    }


def test_educated_and_not_educated_are_all_user_oriented_groups(catalog: Catalog) -> None:
    """As in KOMP-02: everybody but service and administration (its denominator), and one group without education."""
    share = catalog.decompositions["EDUCATED_SHARE"]
    education = next(d for d in catalog.tables["14534"].category_dimensions if d.column == "education")
    groups = {category.group for category in education.categories} - {"total", "service_admin"}
    assert {group["education"] for group in share.groups} == groups
    assert share.beside == catalog.decompositions["FTE_WITHOUT"].counted == [{"education": "assistant_without"}]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"kind": "share"}, "a share is of a whole"),
        ({"beside": [{"education": "health_worker"}]}, "an amount has none"),
        ({"counted": [{"education": "nurse"}] * 2}, "a group stands twice"),
        ({"full_position": 0}, "greater than 0"),
    ],
)
def test_a_wrong_declaration_is_refused(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Decomposition.model_validate(declared(**fields))


def test_a_decomposition_stands_once() -> None:
    with pytest.raises(ValidationError, match="a decomposition stands twice"):
        DecompositionFile.model_validate({"decompositions": [declared(), declared()]})


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, []),
        ({"table": "99999"}, ["table 99999 has no file in schemas/tables"]),
        ({"table": "upload_staff"}, []),
        ({"persons": "heads"}, ["table 14534 declares no measure 'heads'"]),
        ({"counted": [{"education": "wizard"}]}, ["table 14534, education: no category maps to 'wizard'"]),
    ],
)
def test_a_declaration_is_held_against_its_table(catalog: Catalog, fields: dict[str, Any], says: list[str]) -> None:
    assert _decomposition_problems(Decomposition.model_validate(declared(**fields)), catalog) == says


def test_a_gap_says_of_which_share_of_ftes_with_a_reference(catalog: Catalog) -> None:
    assert _gap_problems(gap("KOMP-01"), catalog) == []
    assert _gap_problems(gap("KOMP-99"), catalog) == ["there is no indicator 'KOMP-99'"]
    assert "no share of FTEs" in _gap_problems(gap("KONT-01"), catalog)[0]
    with pytest.raises(ValidationError, match="gap and need say of which indicator"):
        gap(None)


def test_a_gap_is_cut_where_its_indicator_is(catalog: Catalog) -> None:
    of = catalog.indicators["KOMP-01"]
    ten = of.model_copy(update={"id": "KOMP-10", "calculation": gap("KOMP-01"), "variants": []})
    tables = declared_tables(replace(catalog, indicators={"KOMP-01": of, "KOMP-10": ten}))
    cuts = {
        indicator: {
            (row["break_id"], row["region_level"])
            for row in tables["indicator_breaks"]
            if row["indicator_id"] == indicator
        }
        for indicator in ("KOMP-01", "KOMP-10")
    }
    assert cuts["KOMP-10"] == cuts["KOMP-01"] != set()
    assert {"indicator_id": "KOMP-10", "model": "gap", "of_indicator": "KOMP-01"} in tables["indicator_models"]


def test_no_model_at_all_is_a_table_of_text() -> None:
    assert declared_frame("indicator_models", []).columns == ["indicator_id", "model", "of_indicator"]
