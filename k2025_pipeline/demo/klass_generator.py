"""The demo's Klass files: municipalities, counties, KOSTRA groups and centrality.

Belongs here: code lists and correspondences in the general file form of `klass_files`.
Does not belong here: figures.
Everything is real (see `data/README.md`), but groups are held constant over time.
"""

from typing import Any

import numpy as np

from k2025_pipeline.demo.geography import (
    FIRST_YEAR,
    NOT_A_MUNICIPALITY,
    YEARS,
    Geography,
    plain_name,
    read_rows,
)
from k2025_pipeline.demo.klass_files import Item, centrality, code_item, correspondence_item, kostra_group

_LAST_MODIFIED = "2026-01-01T00:00:00.000+0000"
_CENTRALITY_CLASSES = ("01", "02", "03", "04", "05", "06")


def classifications(geography: Geography) -> dict[str, dict[str, Any]]:
    """Content of each Klass file by classification id."""
    counties = _counties(geography)
    groups = [kostra_group(f"EKG{number:02d}") for number in range(1, 18)]
    classes = [centrality(code) for code in _CENTRALITY_CLASSES]
    start = _first_day(FIRST_YEAR)
    correspondences = {
        "104": _to_counties(counties),
        "112": _to_groups(geography),
        "128": _to_centrality(geography),
    }
    return {
        "131": _file("Standard for kommuneinndeling", _municipalities(), _changes("changes.csv"), correspondences),
        "104": _file("Standard for fylkesinndeling", counties, _changes("county_changes.csv")),
        "112": _file(
            "Standard for gruppering av kommuner etter folkemengde og økonomiske rammebetingelser",
            [code_item(code, name, start, None) for code, name in groups],
        ),
        "128": _file("Standard for sentralitet", [code_item(code, name, start, None) for code, name in classes]),
    }


def _file(
    name: str,
    codes: list[Item],
    changes: list[Item] | None = None,
    correspondences: dict[str, list[Item]] | None = None,
) -> dict[str, Any]:
    about = {"name": name, "lastModified": _LAST_MODIFIED, "classificationType": "Klassifikasjon"}
    return {
        "classification": about,
        "codes": codes,
        "changes": changes or [],
        "correspondences": correspondences or {},
    }


def _first_day(year: int) -> str:
    return f"{year}-01-01"


def _municipalities() -> list[Item]:
    rows = read_rows("municipalities.csv")
    return [code_item(row["code"], row["name"], row["valid_from"], row["valid_to"] or None) for row in rows]


def _changes(file: str) -> list[Item]:
    return [
        {
            "oldCode": row["old_code"],
            "oldName": row["old_name"],
            "newCode": row["new_code"],
            "newName": row["new_name"],
            "changeOccurred": row["date"],
        }
        for row in read_rows(file)
    ]


def _counties(geography: Geography) -> list[Item]:
    """Counties with the years in which municipalities have their number."""
    labels = {row["code"][3:]: row["label"] for row in read_rows("kostra_regions.csv") if row["code"].startswith("EKA")}
    county = geography.code.astype("U2")
    items = []
    for code in np.unique(county).tolist():
        used = np.flatnonzero((county == code).any(axis=0))
        last = YEARS[int(used[-1])]
        end = None if last == YEARS[-1] else _first_day(last + 1)
        items.append(code_item(code, plain_name(labels[code]), _first_day(YEARS[int(used[0])]), end))
    return items


def _recent_municipalities() -> list[Item]:
    """Codes and names valid since the first year of the tables, cut at its first day."""
    start = _first_day(FIRST_YEAR)
    recent = [item for item in _municipalities() if (item["validTo"] or "9999") > start]
    return [
        {**item, "validFrom": max(item["validFrom"], start)} for item in recent if item["code"] != NOT_A_MUNICIPALITY
    ]


def _to_counties(counties: list[Item]) -> list[Item]:
    names = {item["code"]: item["name"] for item in counties}
    return [
        correspondence_item(
            (item["code"], item["name"]),
            (item["code"][:2], names[item["code"][:2]]),
            item["validFrom"],
            item["validTo"],
        )
        for item in _recent_municipalities()
    ]


def _to_groups(geography: Geography) -> list[Item]:
    """One table a year, as in Klass; the last is open."""
    group_of = geography.grouping("kostra_group")
    items = []
    for year in YEARS:
        start, end = _first_day(year), None if year == YEARS[-1] else _first_day(year + 1)
        for item in _recent_municipalities():
            if item["validFrom"] <= start < (item["validTo"] or "9999"):
                source = item["code"], item["name"]
                items.append(correspondence_item(source, kostra_group(group_of[item["code"]]), start, end))
    return items


def _to_centrality(geography: Geography) -> list[Item]:
    class_of = geography.grouping("centrality")
    return [
        correspondence_item(
            (item["code"], item["name"]),
            centrality(class_of[item["code"]]),
            item["validFrom"],
            item["validTo"],
        )
        for item in _recent_municipalities()
    ]
