"""The list of Sami and Kven parts against every multilingual name known here.

Belongs here: that the list is whole and well-formed. Not here: how names are taken apart in SQL (dbt's unit tests in
``dbt/models/core/_region_names.yml``).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unicodedata import is_normalized, normalize

import orjson
import pytest

from builders import RECORDINGS, needs_recordings
from k2025_pipeline.settings import PROJECT_ROOT

SEED = PROJECT_ROOT / "dbt" / "seeds" / "name_parts.csv"
DEMO = PROJECT_ROOT / "k2025_pipeline" / "demo" / "data"

# Norwegian parts that look like the Sami or Kven part beside them.
NORWEGIAN = {"Snåsa", "Tana", "Kåfjord", "Nordreisa", "Hamarøy", "Rana", "Røros", "Oslo", "Troms", "Finnmark"}


def rows() -> list[dict[str, str]]:
    with SEED.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def parts_of(name: str) -> list[str]:
    """The parts of a name or label, without county or years in brackets."""
    return re.split(r"\s+[-–]\s+", re.sub(r"\s*\([^()]*\)", "", normalize("NFC", name)).strip())


def recorded() -> Iterator[str]:
    """Names of municipalities and counties in all recorded answers, and labels of regions."""
    klass = RECORDINGS / "klass"
    for path in klass.glob("*-codesAt-*.json"):
        yield from (code["name"] for code in _json(path)["codes"])
    for path in klass.glob("*-changes-*.json"):
        for change in _json(path)["codeChanges"]:
            yield from (change[side] for side in ("oldName", "newName") if change[side])
    for path in klass.glob("*.csv"):
        yield from _column(path, "municipality_name", "county_name")
    for path in (*klass.glob("KOKkommuneregion*.json"), *RECORDINGS.glob("replies/*-region-dimension.json")):
        yield from _labels(_json(path))
    for path in RECORDINGS.glob("replies/*-metadata-v1.json"):
        for variable in _json(path)["variables"]:
            if variable["code"].startswith("KOKkommuneregion"):
                yield from variable["valueTexts"]


def of_the_demo() -> Iterator[str]:
    yield from _column(DEMO / "municipalities.csv", "name")
    yield from _column(DEMO / "merged_municipalities.csv", "name")
    yield from _column(DEMO / "changes.csv", "old_name", "new_name")
    yield from _column(DEMO / "kostra_regions.csv", "label")
    yield from _column(DEMO / "population_regions.csv", "label")


def _json(path: Path) -> Any:
    return orjson.loads(path.read_bytes())


def _column(path: Path, *columns: str) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            yield from (row[column] for column in columns)


def _labels(answer: Any) -> Iterator[str]:
    """Texts that stand under a region code, however deep."""
    for key, value in answer.items() if isinstance(answer, dict) else enumerate(answer):
        if isinstance(value, dict | list):
            yield from _labels(value)
        elif isinstance(value, str) and str(key) not in ("note", "updated"):
            yield value


def not_one_norwegian(names: Iterator[str]) -> tuple[int, dict[str, list[str]]]:
    """How many multilingual names there are, and which have no or several parts that are not listed."""
    listed = {row["part"] for row in rows()}
    several = {name: parts for name in names if len(parts := parts_of(name)) > 1}
    norwegian = {name: [part for part in parts if part not in listed] for name, parts in several.items()}
    return len(several), {name: parts for name, parts in norwegian.items() if len(parts) != 1}


@needs_recordings
def test_every_recorded_name_of_several_parts_has_one_in_norwegian() -> None:
    found, wrong = not_one_norwegian(recorded())
    assert wrong == {}
    assert found >= 30, "Klass alone holds 30 multilingual names"


def test_every_name_of_the_demo_has_one_part_in_norwegian() -> None:
    found, wrong = not_one_norwegian(of_the_demo())
    assert wrong == {}
    assert found >= 30


def test_a_part_that_nobody_listed_is_told() -> None:
    assert not_one_norwegian(iter(["Bodø - Bådåddjo", "Rana - Raane", "Hábmer - Gáivuotna", "Nord-Odal"])) == (
        3,
        {"Bodø - Bådåddjo": ["Bodø", "Bådåddjo"], "Hábmer - Gáivuotna": []},
    )


def test_the_list_is_composed_and_has_nothing_twice() -> None:
    text = SEED.read_text("utf-8")
    assert is_normalized("NFC", text)
    parts = [row["part"] for row in rows()]
    assert len(parts) == len(set(parts))
    assert parts == sorted(parts)
    assert [part for part in parts if part != part.strip() or parts_of(part) != [part]] == []


def test_every_part_has_a_language_and_only_sami_has_kinds() -> None:
    assert list(rows()[0]) == ["part", "language", "sami_language"]
    assert {(row["language"], row["sami_language"]) for row in rows()} == {
        ("sami", "sma"),
        ("sami", "smj"),
        ("sami", "sme"),
        ("sami", ""),
        ("kven", ""),
    }


def test_no_norwegian_name_is_listed() -> None:
    listed = {row["part"] for row in rows()}
    alone = {parts[0] for name in of_the_demo() if len(parts := parts_of(name)) == 1}
    assert listed & (alone | NORWEGIAN) == set()


@pytest.mark.parametrize(
    ("part", "language", "sami_language"),
    [
        ("Snåase", "sami", "sma"),
        ("Hábmer", "sami", "smj"),
        ("Ráisa", "sami", "sme"),
        ("Raisi", "kven", ""),
        ("Yykeä", "kven", ""),
        ("Finmarkku", "kven", ""),
        ("Nordlánda", "sami", ""),
    ],
)
def test_the_language_of_a_part(part: str, language: str, sami_language: str) -> None:
    assert {"part": part, "language": language, "sami_language": sami_language} in rows()
