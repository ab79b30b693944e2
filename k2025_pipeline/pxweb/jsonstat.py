"""JSON-stat 2.0 to Polars: one row per cell, the symbol beside the value.

Here belongs the form of the document, every form that the standard allows (json-stat.org/full). Not here:
what a column or a symbol means. Columns, not loops over cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, TypeVar

import numpy as np
import orjson
import polars as pl
import pyarrow as pa

from k2025_pipeline.pxweb.errors import InvalidAnswer

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
    return describe_document(_parsed(raw))


def describe_document(document: Any) -> Dataset:
    """As :func:`describe`, of JSON that is already parsed."""
    return _describe(_dataset(document))


def decode(raw: bytes) -> pl.DataFrame:
    """Decode a dataset into one row per cell, in document order.

    Args:
        raw: bytes of a JSON-stat 2.0 document (or a 1.x one wrapped in ``dataset``).

    Returns:
        A column per dimension id with codes (Categorical), then ``value`` (Float64, null where the
        source has none) and ``status`` (Categorical, null where there is no symbol).

    Raises:
        InvalidAnswer: when sizes, values or indexes do not fit together, or the cells are too many.
    """
    return decode_document(_parsed(raw))


def decode_document(document: Any) -> pl.DataFrame:
    """As :func:`decode`, of JSON that is already parsed; it is not changed."""
    dataset = _dataset(document)
    return _cells(dataset, _describe(dataset).dimensions)


def read(raw: bytes) -> tuple[Dataset, pl.DataFrame]:
    """What :func:`describe` and :func:`decode` return, from one parse."""
    dataset = _dataset(_parsed(raw))
    described = _describe(dataset)
    return described, _cells(dataset, described.dimensions)


def _parsed(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InvalidAnswer(f"JSON-stat: {len(raw)} bytes that are not complete JSON ({error}).") from error


def _dataset(document: Any) -> dict[str, Any]:
    """The dataset in a document, with ``id`` and ``size`` where version 2 has them."""
    if isinstance(document, dict) and "dataset" in document:
        document = _unwrapped(document["dataset"])
    if not isinstance(document, dict) or not {"id", "size", "dimension"} <= document.keys():
        raise InvalidAnswer("JSON-stat: the document has no `id`, `size` and `dimension`.")
    return document


def _unwrapped(dataset: Any) -> Any:
    """A dataset of version 1, whose ``dimension`` may hold what stands beside it in version 2."""
    inner = dataset.get("dimension") if isinstance(dataset, dict) else None
    if not isinstance(inner, dict):
        return dataset
    return {member: inner[member] for member in ("id", "size", "role") if member in inner} | dataset


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


def _cells(document: dict[str, Any], dimensions: list[DimensionInfo]) -> pl.DataFrame:
    sizes = [len(d.codes) for d in dimensions]
    if sizes != document["size"]:
        raise InvalidAnswer(f"JSON-stat: `size` says {document['size']}, but the categories number {sizes}.")
    cells = prod(sizes) if sizes else 0
    if cells > MOST_CELLS:
        raise InvalidAnswer(f"JSON-stat: {cells} cells are more than an answer can have.")
    statuses = _statuses(document.get("status"), cells)  # first: what it needs meanwhile is free for the others
    values = _values(document.get("value"), cells)
    columns = [_code_column(d, sizes, place) for place, d in enumerate(dimensions)]
    return pl.DataFrame([*columns, values, statuses])


def _code_column(dimension: DimensionInfo, sizes: list[int], place: int) -> pl.Series:
    """Codes of one dimension repeated row-major: the last dimension varies fastest."""
    each = prod(sizes[place + 1 :]) if all(sizes) else 0
    times = prod(sizes[:place]) if all(sizes) else 0
    places = np.arange(sizes[place], dtype=np.min_scalar_type(sizes[place]))
    codes = pa.array(dimension.codes, pa.string())
    return pl.Series(dimension.id, pa.DictionaryArray.from_arrays(np.tile(np.repeat(places, each), times), codes))


def _values(value: Any, cells: int) -> pl.Series:
    if isinstance(value, dict):
        return _scatter(_numbers(list(value.values())), value, cells)
    values = value if isinstance(value, list) else []
    if len(values) != cells:
        raise InvalidAnswer(f"JSON-stat: {len(values)} values for {cells} cells.")
    return _numbers(values)


def _statuses(status: Any, cells: int) -> pl.Series:
    if isinstance(status, dict):
        return _scatter(_symbols(list(status.values())), status, cells)
    symbols = status if isinstance(status, list) else [status]
    if len(symbols) == 1:
        return _symbols(symbols).new_from_index(0, cells)
    if len(symbols) != cells:
        raise InvalidAnswer(f"JSON-stat: {len(symbols)} symbols for {cells} cells.")
    return _symbols(symbols)


def _scatter(items: pl.Series, sparse: dict[str, Any], cells: int) -> pl.Series:
    """A dense column from the items of an object keyed by flat index."""
    name = items.name
    try:
        keys = pl.Series(list(sparse), dtype=pl.String)
        rows = keys.cast(pl.Int64)
    except pl.exceptions.InvalidOperationError as error:
        raise InvalidAnswer(f"JSON-stat: `{name}` has a key that is not a cell's number.") from error
    if (rows.cast(pl.String) != keys).any():  # «00» beside «0» would name one cell twice
        raise InvalidAnswer(f"JSON-stat: `{name}` has a key that is not a cell's number as it is written.")
    if len(rows) and (rows.min() < 0 or rows.max() >= cells):  # type: ignore[operator]
        raise InvalidAnswer(f"JSON-stat: `{name}` names a cell beyond the {cells} that there are.")
    dense = pl.Series(name, [None], dtype=items.dtype).new_from_index(0, cells)
    return dense.scatter(rows, items)


def _numbers(items: list[Any]) -> pl.Series:
    """The column ``value``; whole numbers and decimals may mix, anything else is refused.

    Arrow refuses all but true and false, which it reads as 1 and 0: so only such cells need a second look.
    """
    try:
        numbers = pl.Series("value", pa.array(items, pa.float64()))
    except pa.ArrowException as error:
        problem = "is not a number, or is a whole number too long to be kept exactly"
        raise InvalidAnswer(f"JSON-stat: `value` holds something that {problem}.") from error
    doubtful = numbers.is_in([0.0, 1.0]).arg_true().to_list()
    if any(type(items[cell]) is bool for cell in doubtful):
        raise InvalidAnswer("JSON-stat: `value` holds true or false where a number belongs.")
    return numbers


def _symbols(items: list[Any]) -> pl.Series:
    """The column ``status``; anything else than text is refused."""
    try:
        return pl.Series("status", pa.array(items, pa.dictionary(pa.uint32(), pa.string())))
    except pa.ArrowException as error:
        raise InvalidAnswer("JSON-stat: `status` holds something that is not text.") from error
