"""JSON-stat 2.0 to Polars: one row per cell, the symbol beside the value.

Here belongs the form of the document, every form that the standard allows (SSB Statbank facts,
section 3; json-stat.org/full). Not here: what a column or a symbol means. Columns, not loops over cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import NoneType
from typing import Any

import numpy as np
import orjson
import polars as pl

from k2025_pipeline.pxweb.errors import InvalidAnswer

PYTHON_TYPES: dict[type[pl.DataType], set[type]] = {pl.Float64: {int, float, NoneType}, pl.String: {str, NoneType}}


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
        InvalidAnswer: when sizes, values or indexes do not fit together.
    """
    document = _document(raw)
    dimensions = _describe(document).dimensions
    sizes = [len(d.codes) for d in dimensions]
    if sizes != document["size"]:
        raise InvalidAnswer(f"JSON-stat: `size` says {document['size']}, but the categories number {sizes}.")
    cells = int(np.prod(sizes, dtype=np.int64)) if sizes else 0
    columns = [_code_column(d, sizes, place) for place, d in enumerate(dimensions)]
    return pl.DataFrame([*columns, _values(document.get("value"), cells), _statuses(document.get("status"), cells)])


def _document(raw: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InvalidAnswer(f"JSON-stat: {len(raw)} bytes that are not complete JSON ({error}).") from error
    if isinstance(document, dict) and "dataset" in document:
        document = document["dataset"]
        inner = document.get("dimension", {}) if isinstance(document, dict) else {}
        for member in ("id", "size", "role"):
            if member in inner:
                document.setdefault(member, inner[member])
    if not isinstance(document, dict) or not {"id", "size", "dimension"} <= document.keys():
        raise InvalidAnswer("JSON-stat: the document has no `id`, `size` and `dimension`.")
    return document


def _describe(document: dict[str, Any]) -> Dataset:
    try:
        dimensions = [_dimension(name, document["dimension"][name]) for name in document["id"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidAnswer(f"JSON-stat: a dimension is not described as the standard says ({error!r}).") from error
    return Dataset(
        label=document.get("label", ""),
        source=document.get("source", ""),
        updated=document.get("updated", ""),
        notes=document.get("note", []),
        dimensions=dimensions,
    )


def _dimension(name: str, body: dict[str, Any]) -> DimensionInfo:
    category = body["category"]
    given_labels = category.get("label", {})
    codes = _codes(category.get("index"), given_labels)
    extension = body.get("extension", {})
    offered = extension.get("codelists", extension.get("codeLists", []))
    return DimensionInfo(
        id=name,
        label=body.get("label", name),
        codes=codes,
        labels=[given_labels.get(code, code) for code in codes],
        units=category.get("unit", {}),
        elimination=bool(extension.get("elimination", False)),
        codelists={item["id"]: item.get("label", item["id"]) for item in offered},
    )


def _codes(index: Any, labels: dict[str, str]) -> list[str]:
    """Codes in order, from an index that is an object, an array, or left out for a single category."""
    if index is None:
        return list(labels)
    if isinstance(index, list):
        return [str(code) for code in index]
    return sorted(index, key=index.__getitem__)


def _code_column(dimension: DimensionInfo, sizes: list[int], place: int) -> pl.Series:
    """Codes of one dimension repeated row-major: the last dimension varies fastest."""
    each = int(np.prod(sizes[place + 1 :], dtype=np.int64))
    times = int(np.prod(sizes[:place], dtype=np.int64))
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
        rows = pl.Series(list(sparse), dtype=pl.String).cast(pl.Int64)
    except pl.exceptions.InvalidOperationError as error:
        raise InvalidAnswer(f"JSON-stat: `{name}` has a key that is not a cell's number.") from error
    if len(rows) and (rows.min() < 0 or rows.max() >= cells):  # type: ignore[operator]
        raise InvalidAnswer(f"JSON-stat: `{name}` names a cell beyond the {cells} that there are.")
    dense = pl.Series(name, [None], dtype=dtype).new_from_index(0, cells)
    return dense.scatter(rows, _typed(name, list(sparse.values()), dtype))


def _typed(name: str, items: list[Any], dtype: type[pl.DataType]) -> pl.Series:
    """A column of ``items``; integers and decimals may mix, anything else than the type is refused."""
    if not set(map(type, items)) <= PYTHON_TYPES[dtype]:  # Polars itself would read «2» and true as numbers
        raise InvalidAnswer(f"JSON-stat: `{name}` holds something that is not a {dtype.__name__}.")
    return pl.Series(name, items, dtype=dtype, strict=False)
