"""How a fault changes the local Statbank's own JSON answer.

Belongs here: functions from a sound document to a changed one, each changing the object that it is given.
Does not belong here: HTTP (`injected_answers`) and when a fault strikes (`injection`).

The first group makes a document that lies, the second one that is empty, the third one that is written in
another form that JSON-stat allows.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

Json = dict[str, Any]
OTHER_TABLE = "99999"
RENAMED = " (nytt navn)"


def without_dimension(document: Json) -> Json:
    """The first dimension with one category goes, else the last one, of which the first category stays."""
    ids, size = document["id"], document["size"]
    place = size.index(1) if 1 in size else len(ids) - 1
    categories = size[place]
    # Row-major: where more than one category goes, it is the last dimension, so its cells lie side by side.
    document["value"] = document["value"][::categories]
    document["status"] = {
        str(int(cell) // categories): symbol
        for cell, symbol in document.get("status", {}).items()
        if int(cell) % categories == 0
    }
    del document["dimension"][ids[place]]
    document["role"] = {
        kind: [name for name in names if name != ids[place]] for kind, names in document["role"].items()
    }
    document["id"], document["size"] = _without(ids, place), _without(size, place)
    return document


def _without(items: list[Any], place: int) -> list[Any]:
    return items[:place] + items[place + 1 :]


def other_table(document: Json) -> Json:
    """The label and the id of another table."""
    document["label"] = f"{OTHER_TABLE}: En annen tabell"
    document.setdefault("extension", {}).setdefault("px", {})["tableid"] = OTHER_TABLE
    return document


def other_updated(document: Json) -> Json:
    """`updated` a day later: of a dataset, of a table, or of every table in a listing."""
    for item in document.get("tables", [document]):
        later = datetime.fromisoformat(item["updated"]) + timedelta(days=1)
        item["updated"] = later.strftime("%Y-%m-%dT%H:%M:%SZ")
    return document


def other_codes(document: Json) -> Json:
    """The first code of the first dimension with categories becomes another."""
    category = next(dimension["category"] for dimension in _dimensions(document) if dimension["category"]["index"])
    old = next(iter(category["index"]))
    for member, part in category.items():
        if isinstance(part, dict):
            category[member] = {f"{code}X" if code == old else code: entry for code, entry in part.items()}
    return document


def renamed(document: Json) -> Json:
    """Every dimension and category has another label; codes, figures and `updated` stay."""
    for dimension in _dimensions(document):
        dimension["label"] += RENAMED
        labels = dimension["category"]["label"]
        dimension["category"]["label"] = {code: label + RENAMED for code, label in labels.items()}
    return document


def zeros(document: Json) -> Json:
    """Every cell 0 without a symbol, as between 05:00 and 08:00 before a publication."""
    document["value"] = [0] * len(document["value"])
    document.pop("status", None)
    return document


def dots(document: Json) -> Json:
    """Every cell null with `.`, as between 05:00 and 08:00 before a publication."""
    cells = len(document["value"])
    document["value"] = [None] * cells
    document["status"] = dict.fromkeys(map(str, range(cells)), ".")
    return document


def times_1000(document: Json) -> Json:
    """Every figure a thousand times as large, as when a unit changes without notice."""
    document["value"] = [None if value is None else value * 1000 for value in document["value"]]
    return document


def zero_limits(config: Json) -> Json:
    """No limit told: 0 cells, 0 calls, 0 seconds."""
    return {**config, "maxDataCells": 0, "maxCallsPerTimeWindow": 0, "timeWindow": 0}


def empty_object(document: Any) -> Json:
    """`{}`."""
    return {}


def empty_listing(listing: Json) -> Json:
    """A listing that is well formed and has no table."""
    page = {**listing["page"], "totalElements": 0, "totalPages": 0, "links": []}
    return {**listing, "tables": [], "page": page}


def sparse_values(document: Json) -> Json:
    """`value` as an object by cell number, without the nulls."""
    document["value"] = {str(cell): value for cell, value in enumerate(document["value"]) if value is not None}
    return document


def status_array(document: Json) -> Json:
    """`status` as an array with null where there is no symbol."""
    symbols = document.get("status", {})
    document["status"] = [symbols.get(str(cell)) for cell in range(len(document["value"]))]
    return document


def status_text(document: Json) -> Json:
    """Every cell null, and `status` one text that holds for all of them."""
    document["value"] = [None] * len(document["value"])
    document["status"] = "."
    return document


def index_array(document: Json) -> Json:
    """`category.index` as an array of codes."""
    for dimension in _dimensions(document):
        index = dimension["category"]["index"]
        dimension["category"]["index"] = sorted(index, key=index.__getitem__)
    return document


def no_labels(document: Json) -> Json:
    """No `category.label`: the codes are the labels."""
    for dimension in _dimensions(document):
        del dimension["category"]["label"]
    return document


def old_codelists_spelling(document: Json) -> Json:
    """`codeLists`, as the property was called before October 2025."""
    for dimension in _dimensions(document):
        dimension["extension"]["codeLists"] = dimension["extension"].pop("codelists", [])
    return document


def _dimensions(document: Json) -> Iterator[Json]:
    return iter(document["dimension"].values())
