"""Generated Statbank documents of any size, shaped like KOSTRA tables: no figure in them is anybody's.

Here belongs what the benchmarks are run on. The same arguments always give the same document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

TABLE = "99999"
LABEL = f"{TABLE}: GENERATED for a benchmark, no real figures"
UPDATED = "2026-06-15T06:00:00Z"
REGION, MEASURE, PERIOD = "KOKkommuneregion0000", "ContentsCode", "Tid"
SYMBOLS = (".", "..", ":")
SHARE_EMPTY = 0.1
LAST_YEAR = 2025


def codes(regions: int, measures: int, years: int) -> dict[str, list[str]]:
    """Codes of a table by dimension."""
    return {
        REGION: [f"{number:04}" for number in range(regions)],
        MEASURE: [f"KOSmeasure{number:04}" for number in range(measures)],
        PERIOD: [str(year) for year in range(LAST_YEAR - years + 1, LAST_YEAR + 1)],
    }


def metadata(chosen: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """A JSON-stat 2.0 document without figures."""
    return {
        "version": "2.0",
        "class": "dataset",
        "label": LABEL,
        "source": "generated",
        "updated": UPDATED,
        "role": {"geo": [REGION], "metric": [MEASURE], "time": [PERIOD]},
        "id": list(chosen),
        "size": [len(names) for names in chosen.values()],
        "dimension": {name: _dimension(name, names) for name, names in chosen.items()},
        "extension": {"px": {"tableid": TABLE}},
        "value": [],
    }


def document(chosen: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The same with figures: every other measure has decimals, every tenth cell a symbol instead of a figure."""
    sizes = [len(names) for names in chosen.values()]
    random = np.random.default_rng(prod(sizes))
    wholes = random.integers(0, 50_000, sizes).astype(object)
    decimals = random.uniform(0, 100, sizes).round(1).astype(object)
    has_decimals = (np.arange(sizes[1]) % 2 == 0)[:, np.newaxis]
    values = np.where(has_decimals, decimals, wholes)
    empty = random.random(sizes) < SHARE_EMPTY
    values[empty] = None
    places = np.flatnonzero(empty).tolist()
    symbols = random.choice(SYMBOLS, len(places)).tolist()
    status = dict(zip(map(str, places), symbols, strict=True))
    return metadata(chosen) | {"value": values.ravel().tolist(), "status": status}


def counts(chosen: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The same with small whole numbers in every cell, as in tables of inhabitants."""
    sizes = [len(names) for names in chosen.values()]
    return metadata(chosen) | {"value": np.random.default_rng(prod(sizes)).integers(0, 300, prod(sizes)).tolist()}


def _dimension(name: str, names: Sequence[str]) -> dict[str, Any]:
    category: dict[str, Any] = {
        "index": {code: place for place, code in enumerate(names)},
        "label": {code: f"Label of {code}" for code in names},
    }
    if name == MEASURE:
        category["unit"] = {code: {"base": "antall", "decimals": 1} for code in names}
    return {"label": name, "category": category, "extension": {"elimination": False}}
