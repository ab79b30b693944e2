"""The catalogue as a whole: which families there are, which measures they serve, and what each measure still lacks.

Here belong counts and links. Not here: what a single declaration may say (``test_catalog``).
"""

from __future__ import annotations

from collections import Counter

import pytest

from k2025_pipeline.catalog import Catalog, load_catalog
from k2025_pipeline.catalog.calculations import Calculation
from k2025_pipeline.settings import PROJECT_ROOT

FAMILIES = {"KOMP": 10, "HELT": 4, "STAB": 6, "REKR": 8, "LED": 4, "TJEN": 2, "KVAL": 3, "KONT": 3, "DQ": 5}
"""Forty families about the services and five about the figures themselves."""
OWN_MODELS = {"REKR-08": "need"} | {f"DQ-0{number}": "quality" for number in range(1, 6)}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(PROJECT_ROOT / "schemas")


def _calculations(catalog: Catalog) -> dict[str, Calculation]:
    found = {}
    for family in catalog.indicators.values():
        found[family.id] = family.calculation
        found |= {f"{family.id}.{variant.suffix}": variant.calculation for variant in family.variants}
    return found


def test_there_are_forty_families_and_five_on_the_figures(catalog: Catalog) -> None:
    assert Counter(family.domain for family in catalog.indicators.values()) == FAMILIES


def test_the_numbers_of_a_domain_have_no_gap(catalog: Catalog) -> None:
    wanted = {f"{domain}-{number:02d}" for domain, count in FAMILIES.items() for number in range(1, count + 1)}
    assert set(catalog.indicators) == wanted


def test_measure_17_is_served_by_the_whole_catalogue(catalog: Catalog) -> None:
    assert [family.id for family in catalog.indicators.values() if 17 not in family.measures] == []


def test_every_measure_is_served_and_says_what_is_missing(catalog: Catalog) -> None:
    served = {number for family in catalog.indicators.values() for number in family.measures}
    assert served == set(range(1, 18))
    assert [m.measure_no for m in catalog.measures.measures if m.missing_data is None] == []


@pytest.mark.parametrize("measure", [5, 10, 14])
def test_a_measure_without_an_outcome_in_open_data_says_so(catalog: Catalog, measure: int) -> None:
    missing = catalog.measures.measures[measure - 1].missing_data
    assert missing is not None
    assert missing.nb.startswith("Ingen åpne data viser resultatet")
    openly = [f.id for f in catalog.indicators.values() if measure in f.measures and f.availability == "computed"]
    assert openly == []


def test_models_of_their_own_are_the_only_computed_ones_without_series(catalog: Catalog) -> None:
    models = {name: c.model for name, c in _calculations(catalog).items() if c.method == "model"}
    assert {name: model for name, model in models.items() if name[:4] != "KOMP"} == OWN_MODELS


def test_what_cannot_be_had_openly_says_why_in_both_languages(catalog: Catalog) -> None:
    closed = [f for f in catalog.indicators.values() if f.availability != "computed"]
    assert len(closed) > 10
    for family in closed:
        assert family.availability_reason is not None
        assert min(len(family.availability_reason.nb), len(family.availability_reason.en)) > 60
