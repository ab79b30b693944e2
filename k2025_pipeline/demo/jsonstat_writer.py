"""From arrays to a JSON-stat 2.0 document as Statistics Norway writes them.

Belongs here: the description of a table, rounding, numbers and symbols.
Does not belong here: what the figures are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from k2025_pipeline.demo.faults import NOT_AVAILABLE, SYMBOLS, Symbols
from k2025_pipeline.demo.geography import Floats

SOURCE = "K2025 demo (generated, not Statistics Norway)"
LABEL_SUFFIX = "(generert demo / generated demo)"
NOTE = (
    "Alle tall i denne tabellen er generert for demonstrasjon og er ikke statistikk. "
    "All figures in this table are generated for demonstration and are not statistics."
)
_ROUNDING_SLACK = 1e-6


@dataclass(frozen=True)
class Dimension:
    """One dimension that is neither measures nor time.

    Attributes:
        code: the variable's code.
        label: its label.
        categories: label by code, in table order.
        elimination: whether it may be left out of a selection.
    """

    code: str
    label: str
    categories: Mapping[str, str]
    elimination: bool = False


@dataclass(frozen=True)
class Measure:
    """One value of ContentsCode: code, label, unit and decimals."""

    code: str
    label: str
    unit: str
    decimals: int


@dataclass(frozen=True)
class Table:
    """One generated table.

    Attributes:
        number: the table's id.
        title: its label without the mark of the demo.
        dimensions: all but ContentsCode and Tid, in order.
        geo: code of the region dimension; None for a table of the country alone.
        measures: the values of ContentsCode.
        periods: the values of Tid: years as numbers, or codes of quarters such as `2015K1`.
        refperiod: the day that figures hold for.
        values: one axis per dimension, then measures, then periods; NaN where there is nothing to show.
        symbols: positions in `SYMBOLS`, same shape; a cell with a symbol has no number.
        extension: more members of the document's `extension`.
    """

    number: str
    title: str
    dimensions: Sequence[Dimension]
    geo: str | None
    measures: Sequence[Measure]
    periods: Sequence[int] | Sequence[str]
    refperiod: str
    values: Floats
    symbols: Symbols
    extension: Mapping[str, Any] = field(default_factory=dict)


def document(table: Table, updated: str) -> dict[str, Any]:
    """The JSON-stat document of a table, marked as generated.

    Args:
        table: the table.
        updated: UTC time stamp of the edition.
    """
    size = [*(len(part.categories) for part in table.dimensions), len(table.measures), len(table.periods)]
    if list(table.values.shape) != size or table.symbols.shape != table.values.shape:
        raise ValueError(f"{table.number}: dimensions {size}, values {table.values.shape}")
    dimensions = {part.code: _dimension(part) for part in table.dimensions}
    numbers, symbols = _cells(table)
    return {
        "version": "2.0",
        "class": "dataset",
        "label": f"{table.title} {LABEL_SUFFIX}",
        "source": SOURCE,
        "updated": updated,
        "note": [NOTE],
        "role": {"time": ["Tid"], **({"geo": [table.geo]} if table.geo else {}), "metric": ["ContentsCode"]},
        "id": [*dimensions, "ContentsCode", "Tid"],
        "size": size,
        "dimension": {**dimensions, "ContentsCode": _contents(table), "Tid": _time(table.periods)},
        "extension": {
            "px": {
                "tableid": table.number,
                "language": "no",
                "official-statistics": False,
                "aggregallowed": False,
            },
            **table.extension,
        },
        "value": numbers,
        **({"status": symbols} if symbols else {}),
    }


def _category(labels: Mapping[str, str]) -> dict[str, Any]:
    return {"index": {code: place for place, code in enumerate(labels)}, "label": dict(labels)}


def _dimension(part: Dimension) -> dict[str, Any]:
    extension = {"elimination": part.elimination, "show": "value", "codelists": []}
    return {"label": part.label, "category": _category(part.categories), "extension": extension}


def _contents(table: Table) -> dict[str, Any]:
    category = _category({measure.code: measure.label for measure in table.measures})
    category["unit"] = {part.code: {"base": part.unit, "decimals": part.decimals} for part in table.measures}
    refperiod = {measure.code: table.refperiod for measure in table.measures}
    extension = {"elimination": False, "show": "value", "codelists": [], "refperiod": refperiod}
    return {"label": "statistikkvariabel", "category": category, "extension": extension}


def _time(periods: Sequence[int] | Sequence[str]) -> dict[str, Any]:
    codes = [str(period) for period in periods]
    category = _category({code: code for code in codes})
    return {
        "label": "kvartal" if any("K" in code for code in codes) else "år",
        "category": category,
        "extension": {"elimination": False, "show": "value", "codelists": []},
    }


def _cells(table: Table) -> tuple[list[Any], dict[str, str]]:
    """Dense numbers with None, and symbols by flat index."""
    symbols = np.where(np.isnan(table.values) & (table.symbols == 0), NOT_AVAILABLE, table.symbols).ravel()
    decimals = np.array([measure.decimals for measure in table.measures])[:, None]
    numbers = _numbers(np.broadcast_to(rounded(table.values, decimals), table.values.shape).ravel())
    numbers[symbols > 0] = None
    marked = np.flatnonzero(symbols)
    names = map(SYMBOLS.__getitem__, symbols[marked].tolist())
    return numbers.tolist(), dict(zip(map(str, marked.tolist()), names, strict=True))


def rounded(values: Floats, decimals: npt.NDArray[np.int64]) -> Floats:
    """Round half away from zero; the slack undoes the error of long sums."""
    scale = 10.0**decimals
    return np.asarray(np.sign(values) * np.floor(np.abs(values) * scale + 0.5 + _ROUNDING_SLACK) / scale)


def _numbers(values: Floats) -> npt.NDArray[np.object_]:
    """Python numbers, whole ones as int, as SSB writes 22 and not 22.0."""
    known = np.nan_to_num(values)
    numbers = known.astype(object)
    whole = known == np.floor(known)
    numbers[whole] = known[whole].astype(np.int64).astype(object)
    return numbers
