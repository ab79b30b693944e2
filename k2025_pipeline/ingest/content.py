"""What a table says, apart from how it says it: canonical hashes of figures and of metadata.

Here belongs telling «the same again» from «changed»: the source may give the same figures in another order, or
with another date of generation. Not here: what to do about a change (``session``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import orjson
import polars as pl

from k2025_pipeline.pxweb.jsonstat import Dataset


def of_figures(cells: pl.DataFrame) -> str:
    """Hash of the cells of one answer, whatever their order.

    Args:
        cells: a column per dimension, ``value`` and ``status``, as ``jsonstat.decode`` gives them.
    """
    dimensions = sorted(set(cells.columns) - {"value", "status"})
    texts = cells.select(pl.col(*dimensions, "status").cast(pl.String), "value").sort(dimensions)
    return hashlib.sha256(texts.write_csv().encode()).hexdigest()


def of_metadata(dataset: Dataset) -> str:
    """Hash of labels, codes, units, notes and codelists, whatever the order of codes."""
    said = {
        "label": dataset.label,
        "notes": dataset.notes,
        "dimensions": {
            d.id: {"label": d.label, "codes": d.label_of, "units": d.units, "codelists": d.codelists}
            for d in dataset.dimensions
        },
    }
    return of_document(said)


def of_document(document: Any) -> str:
    """Hash of a JSON document, whatever the order of its members."""
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()


def together(hashes: Iterable[str]) -> str:
    """One hash of several, whatever their order."""
    return hashlib.sha256("".join(sorted(hashes)).encode()).hexdigest()
