"""JSON-stat 2.0 to Polars: one row per cell, the symbol beside the value.

Here belongs the form of the document, every form that the standard allows (json-stat.org/full). Not here:
what a column or a symbol means. Columns, not loops over cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from types import NoneType
from typing import Any, TypeVar

import numpy as np
import orjson
import polars as pl

from k2025_pipeline.pxweb.errors import InvalidAnswer

PYTHON_TYPES: dict[type[pl.DataType], set[type]] = {pl.Float64: {int, float, NoneType}, pl.String: {str, NoneType}}
JSON_NAMES: dict[type, str] = {
    dict: "an object",
    list: "an array",
    str: "text",
    int: "a whole number",
    bool: "true or false",
}
OWN_COLUMNS = {"value", "status"}
MOST_CELLS = 10_000_000
"""Twelve times what the API answers at most: a sparse document of more would only fill the memory."""

Member = TypeVar("Member", dict, list, str, int, bool)


@dataclass(frozen=True)
class DimensionInfo:
    """One dimension of a dataset, its categories in document order.

    Attributes:
        id, label: of the dimension. codes, labels: equally long lists. units: per code, where given:
        ``{"base": "kr", "decimals": 0}``. elimination: whether it may be left out of a request.
        codelists: id to label of the codelists that the metadata offers.
    """

    id: str
    label: str
    codes: list[str]
    labels: list[str]
    units: dict[str, dict[str, Any]]
    elimination: bool
    codelists: dict[str, str]

    @property
    def label_of(self) -> dict[str, str]:
        """Label by code."""
        return dict(zip(self.codes, self.labels, strict=True))


@dataclass(frozen=True)
class Dataset:
    """What a dataset says about itself, without its cells."""

    label: str
    source: str
    updated: str
    notes: list[str]
    dimensions: list[DimensionInfo]

    def dimension(self, dimension_id: str) -> DimensionInfo | None:
        """The dimension with that id, in any case of letters, or None."""
        wanted = dimension_id.casefold()
        return next((d for d in self.dimensions if d.id.casefold() == wanted), None)


def describe(raw: bytes) -> Dataset:
    """Read labels, codes, units and notes of a dataset (a metadata answer, or a data answer).

    Raises:
        InvalidAnswer: when the document is not a JSON-stat dataset.
    """
    return _describe(_document(raw))


def decode(raw: bytes) -> pl.DataFrame:
    """Decode a dataset into one row per cell, in document order.

    Args:
        raw: bytes of a JSON-stat 2.0 document (or a 1.x one wrapped in ``dataset``).

    Returns:
        A column per dimension id with codes (String), then ``value`` (Float64, null where the
        source has none) and ``status`` (String, null where there is no symbol).

    Raises:
        InvalidAnswer: when sizes, values or indexes do not fit together, or the cells are too many.
    """
    document = _document(raw)
    dimensions = _describe(document).dimensions
    sizes = [len(d.codes) for d in dimensions]
    if sizes != document["size"]:
        raise InvalidAnswer(f"JSON-stat: `size` says {document['size']}, but the categories number {sizes}.")
    cells = prod(sizes) if sizes else 0
    if cells > MOST_CELLS:
        raise InvalidAnswer(f"JSON-stat: {cells} cells are more than an answer can have.")
    columns = [_code_column(d, sizes, place) for place, d in enumerate(dimensions)]
    return pl.DataFrame([*columns, _values(document.get("value"), cells), _statuses(document.get("status"), cells)])


def _document(raw: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InvalidAnswer(f"JSON-stat: {len(raw)} bytes that are not complete JSON ({error}).") from error
    if isinstance(document, dict) and "dataset" in document:
        document = document["dataset"]
        inner = document.get("dimension") if isinstance(document, dict) else None
        for member in ("id", "size", "role"):
            if isinstance(inner, dict) and member in inner:
                document.setdefault(member, inner[member])
    if not isinstance(document, dict) or not {"id", "size", "dimension"} <= document.keys():
        raise InvalidAnswer("JSON-stat: the document has no `id`, `size` and `dimension`.")
    return document


def _describe(document: dict[str, Any]) -> Dataset:
    bodies = _member(document, "dimension", dict, {}, "the document")
    if not isinstance(document.get("updated", ""), str):
        raise InvalidAnswer("JSON-stat: `updated` is not text.")
    return Dataset(
        label=_member(document, "label", str, "", "the document"),
        source=_member(document, "source", str, "", "the document"),
        updated=document.get("updated", ""),
        notes=_texts(document, "note", "the document"),
        dimensions=[_dimension(name, bodies.get(name)) for name in _ids(document)],
    )


def _ids(document: dict[str, Any]) -> list[str]:
    """Ids of the dimensions, each of which becomes a column."""
    ids = _texts(document, "id", "the document")
    if len({name.casefold() for name in ids}) != len(ids):
        raise InvalidAnswer(f"JSON-stat: a dimension stands twice among {', '.join(ids)}.")
    if taken := OWN_COLUMNS.intersection(ids):
        raise InvalidAnswer(f"JSON-stat: a dimension is called `{taken.pop()}`, like the column for the cells.")
    return ids


def _dimension(name: str, body: Any) -> DimensionInfo:
    if not isinstance(body, dict) or not isinstance(body.get("category"), dict):
        raise InvalidAnswer(f"JSON-stat: the dimension `{name}` is not described as the standard says.")
    category = body["category"]
    labels = _entries(category, "label", str, name)
    codes = _codes(name, category.get("index"), list(category.get("label") or {}))
    extension = _member(body, "extension", dict, {}, name)
    return DimensionInfo(
        id=name,
        label=_member(body, "label", str, name, name),
        codes=codes,
        labels=[labels.get(code, code) for code in codes],
        units=_units(category, name),
        elimination=_member(extension, "elimination", bool, False, name),
        codelists=_codelists(extension, name),
    )


def _codes(name: str, index: Any, labelled: list[str]) -> list[str]:
    """Codes in order, from an index that is an object, an array, or left out for a single category."""
    if index is None:
        return labelled
    if isinstance(index, dict):
        positions = list(index.values())
        if set(map(type, positions)) <= {int} and sorted(positions) == list(range(len(positions))):
            return sorted(index, key=index.__getitem__)
        raise InvalidAnswer(f"JSON-stat: the index of `{name}` does not number its categories 0, 1, 2 and so on.")
    if not isinstance(index, list) or not set(map(type, index)) <= {str} or len(set(index)) != len(index):
        raise InvalidAnswer(f"JSON-stat: the index of `{name}` holds a code twice, or one that is not text.")
    return index


def _units(category: dict[str, Any], name: str) -> dict[str, dict[str, Any]]:
    """Unit by code; what is null in a unit counts as left out."""
    units = _entries(category, "unit", dict, name)
    for unit in units.values():
        _member(unit, "base", str, "", name)
        _member(unit, "decimals", int, 0, name)
    return {code: {key: said for key, said in unit.items() if said is not None} for code, unit in units.items()}


def _codelists(extension: dict[str, Any], name: str) -> dict[str, str]:
    """Label by id of the codelists offered for a dimension, in both spellings of the property."""
    spelling = "codelists" if "codelists" in extension else "codeLists"
    found = {}
    for item in _member(extension, spelling, list, [], name):
        if not isinstance(item, dict) or not isinstance(item.get("id"), str):
            raise InvalidAnswer(f"JSON-stat: `{spelling}` of {name} holds something without an `id`.")
        found[item["id"]] = _member(item, "label", str, item["id"], name)
    return found


def _member(body: dict[str, Any], member: str, kind: type[Member], default: Member, where: str) -> Member:
    """A member of ``body`` that may be left out; null counts as left out."""
    found = body.get(member)
    if found is None:
        return default
    if not isinstance(found, kind):
        raise InvalidAnswer(f"JSON-stat: `{member}` of {where} is not {JSON_NAMES[kind]}.")
    return found


def _texts(body: dict[str, Any], member: str, where: str) -> list[str]:
    found = _member(body, member, list, [], where)
    if not set(map(type, found)) <= {str}:
        raise InvalidAnswer(f"JSON-stat: `{member}` of {where} holds something that is not text.")
    return found


def _entries(category: dict[str, Any], member: str, kind: type[Member], name: str) -> dict[str, Member]:
    """An object by code; null counts as left out, for the object and for each entry."""
    found = {code: entry for code, entry in _member(category, member, dict, {}, name).items() if entry is not None}
    if not set(map(type, found.values())) <= {kind}:
        raise InvalidAnswer(f"JSON-stat: `{member}` of {name} holds something that is not {JSON_NAMES[kind]}.")
    return found


def _code_column(dimension: DimensionInfo, sizes: list[int], place: int) -> pl.Series:
    """Codes of one dimension repeated row-major: the last dimension varies fastest."""
    each = prod(sizes[place + 1 :]) if all(sizes) else 0
    times = prod(sizes[:place]) if all(sizes) else 0
    positions = np.tile(np.repeat(np.arange(sizes[place], dtype=np.uint32), each), times)
    return pl.Series(dimension.id, dimension.codes, dtype=pl.String).gather(positions)


def _values(value: Any, cells: int) -> pl.Series:
    if isinstance(value, dict):
        return _scatter("value", value, cells, pl.Float64)
    values = value if isinstance(value, list) else []
    if len(values) != cells:
        raise InvalidAnswer(f"JSON-stat: {len(values)} values for {cells} cells.")
    return _typed("value", values, pl.Float64)


def _statuses(status: Any, cells: int) -> pl.Series:
    if status is None:
        return pl.Series("status", [None], dtype=pl.String).new_from_index(0, cells)
    if isinstance(status, dict):
        return _scatter("status", status, cells, pl.String)
    symbols = status if isinstance(status, list) else [status]
    if len(symbols) == 1:
        return _typed("status", symbols, pl.String).new_from_index(0, cells)
    if len(symbols) != cells:
        raise InvalidAnswer(f"JSON-stat: {len(symbols)} symbols for {cells} cells.")
    return _typed("status", symbols, pl.String)


def _scatter(name: str, sparse: dict[str, Any], cells: int, dtype: type[pl.DataType]) -> pl.Series:
    """A dense column from an object keyed by flat index."""
    try:
        keys = pl.Series(list(sparse), dtype=pl.String)
        rows = keys.cast(pl.Int64)
    except pl.exceptions.InvalidOperationError as error:
        raise InvalidAnswer(f"JSON-stat: `{name}` has a key that is not a cell's number.") from error
    if (rows.cast(pl.String) != keys).any():  # «00» beside «0» would name one cell twice
        raise InvalidAnswer(f"JSON-stat: `{name}` has a key that is not a cell's number as it is written.")
    if len(rows) and (rows.min() < 0 or rows.max() >= cells):  # type: ignore[operator]
        raise InvalidAnswer(f"JSON-stat: `{name}` names a cell beyond the {cells} that there are.")
    dense = pl.Series(name, [None], dtype=dtype).new_from_index(0, cells)
    return dense.scatter(rows, _typed(name, list(sparse.values()), dtype))


def _typed(name: str, items: list[Any], dtype: type[pl.DataType]) -> pl.Series:
    """A column of ``items``; integers and decimals may mix, anything else than the type is refused."""
    if not set(map(type, items)) <= PYTHON_TYPES[dtype]:  # Polars itself would read «2» and true as numbers
        raise InvalidAnswer(f"JSON-stat: `{name}` holds something that is not a {dtype.__name__}.")
    return pl.Series(name, items, dtype=dtype, strict=False)
