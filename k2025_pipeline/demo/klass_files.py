"""Klass classifications from files, and the questions that Klass answers about them.

Belongs here: reading the two file forms and selecting by date.
Does not belong here: HTTP and XML (`server`, `klass_routes`).

Dates are ISO texts, `from` inclusive and `to` exclusive; None is an open end.
Files: `<id>.json` in the general form (members of `Classification`, `about` named `classification`), or
recorded answers `131-codesAt-<date>.json`, `131-changes-<years>.json` and `municipality-groups-<year>.csv`,
from which validity is derived.
"""

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

Item = dict[str, Any]
_RECORDED_LAST_MODIFIED = "2026-01-01T00:00:00.000+0000"
_FOREVER = "9999-12-31"
_EMPTY_ON_A_DATE = "128"


@dataclass
class Classification:
    """One classification.

    Attributes:
        about: `name`, `lastModified`, `classificationType`.
        codes: items `code, name, level, parentCode, validFrom, validTo`; one per name and interval of a code.
        changes: items `oldCode, oldName, newCode, newName, changeOccurred`.
        correspondences: target classification id → items
            `sourceCode, sourceName, targetCode, targetName, validFrom, validTo`.
    """

    about: dict[str, str]
    codes: list[Item] = field(default_factory=list)
    changes: list[Item] = field(default_factory=list)
    correspondences: dict[str, list[Item]] = field(default_factory=dict)


def _overlaps(item: Item, start: str, end: str | None) -> bool:
    return (item["validFrom"] or "") < (end or _FOREVER) and start < (item["validTo"] or _FOREVER)


def _clipped(item: Item, start: str, end: str | None) -> tuple[str, str | None]:
    last = min(item["validTo"] or _FOREVER, end or _FOREVER)
    return max(item["validFrom"] or "", start), None if last == _FOREVER else last


def codes_at(classification: Classification, date: str) -> list[Item]:
    """The codes valid on a date, as Klass answers (validity left null)."""
    valid = [item for item in classification.codes if (item["validFrom"] or "") <= date < (item["validTo"] or _FOREVER)]
    return [{**_full(item), "validFrom": None, "validTo": None} for item in valid]


def codes_between(classification: Classification, start: str, end: str | None) -> list[Item]:
    """The codes valid at some time in [start, end), with the part of the range in which each is valid."""
    answer = []
    for item in classification.codes:
        if _overlaps(item, start, end):
            first, last = _clipped(item, start, end)
            span = {"validFromInRequestedRange": first, "validToInRequestedRange": last}
            answer.append({**_full(item), "validFrom": None, "validTo": None, **span})
    return answer


def changes_between(classification: Classification, start: str, end: str | None) -> list[Item]:
    """Changes that occurred in [start, end)."""
    names = {"oldShortName": "", "newShortName": ""}
    inside = [item for item in classification.changes if start <= item["changeOccurred"] < (end or _FOREVER)]
    return [{**names, **item} for item in inside]


def corresponds(classification: Classification, target: str, start: str, end: str | None) -> list[Item] | None:
    """The correspondence in [start, end); None if there is none that covers the whole range."""
    items = classification.correspondences.get(target, [])
    first = min((item["validFrom"] for item in items), default=_FOREVER)
    last = max((item["validTo"] or _FOREVER for item in items), default="")
    if start < first or (end or _FOREVER) > last:
        return None
    answer = []
    for item in items:
        if _overlaps(item, start, end):
            valid_from, valid_to = _clipped(item, start, end)
            short = {"sourceShortName": "", "targetShortName": ""}
            answer.append({**short, **item, "validFrom": valid_from, "validTo": valid_to})
    return answer


def corresponds_at(classification: Classification, target: str, date: str) -> list[Item] | None:
    """The correspondence on a date, without dates; None if there is none.

    For centrality (128) the real Klass answers an empty list here, though `corresponds` has the items.
    """
    items = corresponds(classification, target, date, date)
    if items is None:
        return None
    if target == _EMPTY_ON_A_DATE:
        return []
    on_date = [
        item
        for item in classification.correspondences[target]
        if item["validFrom"] <= date < (item["validTo"] or _FOREVER)
    ]
    return [{key: part for key, part in item.items() if not key.startswith("valid")} for item in on_date]


def _full(item: Item) -> Item:
    return {**item, "shortName": "", "presentationName": "", "notes": ""}


def read_classifications(folder: Path) -> dict[str, Classification]:
    """Every classification in the folder by id; general form first, else what recorded answers give."""
    found = {path.stem: _read_general(path) for path in folder.glob("*.json") if path.stem.isdecimal()}
    return {**_read_recorded(folder), **found}


def _read_general(path: Path) -> Classification:
    content = orjson.loads(path.read_bytes())
    return Classification(
        content["classification"],
        content["codes"],
        content.get("changes", []),
        content.get("correspondences", {}),
    )


def _read_recorded(folder: Path) -> dict[str, Classification]:
    found: dict[str, Classification] = {}
    for codes_path in folder.glob("131-codesAt-*.json"):
        now = orjson.loads(codes_path.read_bytes())["codes"]
        changes = [
            change
            for path in sorted(folder.glob("131-changes-*.json"))
            for change in orjson.loads(path.read_bytes())["codeChanges"]
        ]
        found["131"] = Classification(_about("Standard for kommuneinndeling"), valid_intervals(now, changes), changes)
    for groups_path in folder.glob("municipality-groups-*.csv"):
        start = f"{groups_path.stem.rsplit('-', 1)[1]}-01-01"
        with groups_path.open(encoding="utf-8", newline="") as lines:
            _add_groups(found, list(csv.DictReader(lines)), start)
    return found


def _about(name: str) -> dict[str, str]:
    return {"name": name, "classificationType": "Klassifikasjon", "lastModified": _RECORDED_LAST_MODIFIED}


def _add_groups(found: dict[str, Classification], rows: list[dict[str, str]], start: str) -> None:
    municipalities = found.setdefault("131", Classification(_about("Standard for kommuneinndeling")))
    groupings: dict[str, tuple[str, Callable[[dict[str, str]], tuple[str, str]]]] = {
        "104": ("Standard for fylkesinndeling", lambda row: (row["county_code"], row["county_name"])),
        "112": (
            "Standard for gruppering av kommuner (KOSTRA)",
            lambda row: kostra_group(row["kostra_group"]),
        ),
        "128": ("Standard for sentralitet", lambda row: centrality(row["centrality_class"])),
    }
    for target, (name, group_of) in groupings.items():
        groups = sorted({group_of(row) for row in rows})
        codes = [code_item(code, label, start, None) for code, label in groups]
        found[target] = Classification(_about(name), codes)
        municipalities.correspondences[target] = [
            correspondence_item((row["municipality_code"], row["municipality_name"]), group_of(row), start, None)
            for row in rows
        ]


def kostra_group(code: str) -> tuple[str, str]:
    """Code and name of a KOSTRA group: `EKG08` → (`EKG08`, `KOSTRA-gruppe 8`)."""
    return code, f"KOSTRA-gruppe {int(code.removeprefix('EKG'))}"


def centrality(code: str) -> tuple[str, str]:
    """Code and name of a centrality class: `01` → (`01`, `Sentralitet 1`)."""
    return code, f"Sentralitet {int(code)}"


def code_item(code: str, name: str, start: str, end: str | None) -> Item:
    """One item of a code list in the general file form."""
    return {"code": code, "name": name, "level": "1", "parentCode": None, "validFrom": start, "validTo": end}


def correspondence_item(source: tuple[str, str], target: tuple[str, str], start: str, end: str | None) -> Item:
    """One item of a correspondence in the general file form; source and target are (code, name)."""
    return {
        "sourceCode": source[0],
        "sourceName": source[1],
        "targetCode": target[0],
        "targetName": target[1],
        "validFrom": start,
        "validTo": end,
    }


def valid_intervals(codes_now: Iterable[Mapping[str, Any]], changes: Iterable[Mapping[str, Any]]) -> list[Item]:
    """Validity of every code and name, found by walking the changes back from the codes of a later date.

    A change with the same code and another name closes one name and opens another; with the same code and
    name it says that the code went on while receiving others. What is older than the oldest change is valid
    from its date.

    Args:
        codes_now: items with `code` and `name`, valid after the last change.
        changes: items as Klass gives them.
    """
    changes = list(changes)
    state: dict[str, tuple[str, str | None]] = {str(item["code"]): (str(item["name"]), None) for item in codes_now}
    dates = sorted({str(change["changeOccurred"]) for change in changes}, reverse=True)
    intervals: list[Item] = []
    for date in dates:
        intervals += _step_back(state, [change for change in changes if change["changeOccurred"] == date], date)
    start = dates[-1] if dates else ""
    intervals += [code_item(code, name, start, end) for code, (name, end) in state.items() if end != start]
    return sorted(intervals, key=lambda item: (item["code"], item["validFrom"]))


def _step_back(state: dict[str, tuple[str, str | None]], changes: list[Mapping[str, Any]], date: str) -> list[Item]:
    """Undo one date's changes in `state` (code → name, end) and return the intervals that began then."""
    continuing = {change["oldCode"]: change["oldName"] for change in changes if change["oldCode"] == change["newCode"]}
    begun = []
    for code in sorted({change["newCode"] for change in changes if change["newCode"] in state}):
        name, end = state[code]
        if continuing.get(code) == name:
            continue
        begun.append(code_item(code, name, date, end))
        del state[code]
        if code in continuing:
            state[code] = (continuing[code], date)
    for change in changes:
        if change["oldCode"] is not None:
            state.setdefault(change["oldCode"], (change["oldName"], date))
    return begun
