"""Small folders that the local Statbank serves in tests.

Belongs here: tables and classifications of a few cells, written by hand. Does not belong here: generated ones.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from k2025_pipeline.demo import klass_files


def _dimension(label: str, codes: dict[str, str], elimination: bool) -> dict[str, Any]:
    index = {code: place for place, code in enumerate(codes)}
    extension = {"elimination": elimination, "show": "value", "codelists": []}
    return {"label": label, "category": {"index": index, "label": codes}, "extension": extension}


def _document(
    label: str, dimensions: dict[str, Any], values: list[Any], status: dict[str, str], geo: str = "Region"
) -> dict[str, Any]:
    return {
        "version": "2.0",
        "class": "dataset",
        "label": label,
        "source": "test",
        "updated": (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "note": ["A note."],
        "role": {"time": ["Tid"], "geo": [geo], "metric": ["ContentsCode"]},
        "id": list(dimensions),
        "size": [len(part["category"]["index"]) for part in dimensions.values()],
        "dimension": dimensions,
        "extension": {"px": {"tableid": label[:5]}},
        "value": values,
        "status": status,
    }


def _contents() -> dict[str, Any]:
    contents = _dimension("statistikkvariabel", {"Antall": "Antall", "Andel": "Andel"}, False)
    contents["category"]["unit"] = {code: {"base": "antall", "decimals": 0} for code in ("Antall", "Andel")}
    contents["extension"]["refperiod"] = {"Antall": "31.12", "Andel": "31.12"}
    return contents


YEARS = {"2019": "2019", "2020": "2020", "2021": "2021"}
VALUES = [1, 6.0, None, 4.5, 0, -2, 7, 8, 9, None, None, 12, 10, 20, 30, 40.25, 5, 6, 70, 80, 90, None, 1, 2]
STATUS = {"2": ":", "9": "..", "10": ".", "21": ".."}


def write_folder(root: Path) -> Path:
    """Two tables: 00001 plain and under a codelist, 00002 only under a codelist."""
    (root / "statbank").mkdir()
    sexes = _dimension("kjønn", {"2": "Kvinner", "1": "Menn"}, True)
    rest = {"Kjonn": sexes, "ContentsCode": _contents(), "Tid": _dimension("år", YEARS, False)}
    plain = _dimension("region", {"0301": "Oslo", "1508a": "Ålesund"}, False)
    summed = _dimension("region", {"K-0301": "Oslo", "K-1508": "Ålesund"}, True)
    documents = {
        "00001": _document("00001: Brukere i kommuner", {"Region": plain, **rest}, VALUES, STATUS),
        "00001@agg_Sum": _document("00001: Brukere i kommuner", {"Region": summed, **rest}, VALUES[::-1], {}),
        "00002@agg_KommSummer": _document("00002: Befolkning", {"Region": summed, **rest}, VALUES, STATUS),
    }
    documents["00001@agg_Sum"]["extension"]["codelist"] = {
        "label": "Summer",
        "valueMap": {"K-1508": ["1507"]},
    }
    for name, content in documents.items():
        (root / "statbank" / f"{name}.json").write_bytes(orjson.dumps(content))
    return root


def change(old: str | None, old_name: str, new: str | None, new_name: str, date: str) -> dict[str, Any]:
    return {"oldCode": old, "oldName": old_name, "newCode": new, "newName": new_name, "changeOccurred": date}


KLASS_131 = {
    "classification": {
        "name": "Kommuner",
        "lastModified": "2026-01-01T00:00:00.000+0000",
        "classificationType": "Klassifikasjon",
    },
    "codes": [
        klass_files.code_item("1507", "Ålesund", "2020-01-01", "2024-01-01"),
        klass_files.code_item("1508", "Ålesund", "2024-01-01", None),
        klass_files.code_item("1580", "Haram", "2024-01-01", None),
    ],
    "changes": [
        change("1507", "Ålesund", "1508", "Ålesund", "2024-01-01"),
        change("1507", "Ålesund", "1580", "Haram", "2024-01-01"),
    ],
    "correspondences": {
        target: [klass_files.correspondence_item(("1508", "Ålesund"), (group, "x"), "2024-01-01", end)]
        for target, group, end in (("112", "EKG11", None), ("128", "03", None), ("104", "15", "2025-01-01"))
    },
}


def write_klass(root: Path) -> Path:
    """Classification 131 with three codes and correspondences."""
    (root / "klass").mkdir()
    (root / "klass" / "131.json").write_bytes(orjson.dumps(KLASS_131))
    return root
