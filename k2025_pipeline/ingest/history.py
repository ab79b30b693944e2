"""What one vintage changed in the one before it: the cells, and the same in a few rows for people.

Here belongs the comparison of two typed frames of one table, and the history of a table's cells by validity.
Only changes are stored: a cell that was never revised has one row, however many vintages there are.
Not here: whether a change is plausible (``validation.drift``), and what status a cell has (``dbt``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

SAID = ["unit", "value", "symbol"]
"""What a cell says; labels are told apart (``renamed``)."""
FROM, TO = "valid_from", "valid_to"
SIZES = {"up_to_1": 0.01, "1_to_5": 0.05, "5_to_20": 0.20}
"""Upper bound of the change, as a share of the larger of the two values; beyond the last it is ``over_20``."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """What a new vintage does to the history of a table.

    Attributes:
        history: key columns, ``SAID``, ``valid_from`` and ``valid_to`` (null while a cell holds).
        changes: one row per kind of change, measure, period and size, with the largest example.
    """

    history: pl.DataFrame
    changes: list[Row]


def begin(key: list[str], frame: pl.DataFrame, since: datetime) -> Step:
    """The history of a table with a single vintage.

    Args:
        key: columns that name a cell. frame: the typed vintage. since: when it began to hold, UTC.
    """
    history = frame.select(*key, *SAID).with_columns(_moment(since, FROM), _moment(None, TO))
    return Step(history, [_row("first_vintage", cells=frame.height)])


def extend(history: pl.DataFrame, key: list[str], frame: pl.DataFrame, since: datetime) -> Step:
    """Add a vintage to a history.

    Args:
        history: of the vintages before. key: columns that name a cell. frame: the new typed vintage.
        since: when it began to hold, UTC; later than any moment in ``history``.
    """
    holding = history.filter(pl.col(TO).is_null())
    compared = _compare(key, holding, frame)
    ended = compared.filter("before").select(*key, "row").get_column("row")
    number = pl.int_range(pl.len(), dtype=pl.UInt32)
    closed = holding.with_columns(
        pl.when(number.is_in(ended.implode())).then(_moment(since, TO)).otherwise(pl.col(TO)).alias(TO)
    )
    begun = compared.filter("after").select(*key, *(pl.col(f"new_{name}").alias(name) for name in SAID))
    begun = begun.with_columns(_moment(since, FROM), _moment(None, TO))
    past = history.filter(pl.col(TO).is_not_null())
    return Step(pl.concat([past, closed, begun.cast(history.schema)]), _summary(compared, holding, frame))


def _compare(key: list[str], holding: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """Cells that differ: key, ``SAID`` before, ``new_…`` after, and on which side the cell is."""
    old = holding.select(*key, *SAID, pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"))
    new = frame.select(*key, *(pl.col(name).alias(f"new_{name}") for name in SAID), pl.lit(True).alias("after"))
    joined = old.join(new, on=key, how="full", coalesce=True)
    before, after = pl.col("row").is_not_null(), pl.col("after").fill_null(False)
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"new_{name}")) for name in SAID)
    return joined.filter(~(before & after & same)).with_columns(before.alias("before"), after.alias("after"))


def _summary(compared: pl.DataFrame, holding: pl.DataFrame, frame: pl.DataFrame) -> list[Row]:
    """The changes in a few rows."""
    if compared.is_empty():
        return []
    known = holding["period"].cast(pl.String).unique().implode()
    still = frame["period"].cast(pl.String).unique().implode()
    period = pl.col("period").cast(pl.String)
    kind = (
        pl.when(~pl.col("before") & ~period.is_in(known)).then(pl.lit("new_period"))
        .when(~pl.col("before")).then(pl.lit("cells_added"))
        .when(~pl.col("after") & ~period.is_in(still)).then(pl.lit("period_withdrawn"))
        .when(~pl.col("after")).then(pl.lit("cells_withdrawn"))
        .when(pl.col("value").is_null() & pl.col("new_value").is_null()).then(pl.lit("symbol_changed"))
        .when(pl.col("value").is_null()).then(pl.lit("value_appeared"))
        .when(pl.col("new_value").is_null()).then(pl.lit("value_lost"))
        .when(pl.col("value") == pl.col("new_value")).then(pl.lit("symbol_changed"))
        .otherwise(pl.lit("revised"))
    )  # fmt: skip
    sized = compared.with_columns(kind.alias("kind"), period.alias("period"), _share().alias("share"))
    sized = sized.with_columns(
        pl.when(pl.col("kind") == "revised").then(_size()).alias("size"),
        pl.when(~pl.col("kind").is_in(["new_period", "period_withdrawn"])).then(pl.col("measure")).alias("measure"),
    )
    found = (
        sized.sort("share", descending=True, nulls_last=True)
        .group_by("kind", "measure", "period", "size", maintain_order=True)
        .agg(pl.len().alias("cells"), pl.col("region_code", "value", "new_value").first())
        .sort("kind", "period", "measure", "size", nulls_last=True)
    )
    return [
        _row(
            row["kind"],
            cells=row["cells"],
            measure=row["measure"],
            period=row["period"],
            size=row["size"],
            region_code=row["region_code"],
            value_before=row["value"],
            value_after=row["new_value"],
        )
        for row in found.with_columns(pl.col("measure", "region_code").cast(pl.String)).iter_rows(named=True)
    ]


def renamed(sample: list[Row]) -> list[Row]:
    """Rows for codes that carry another label than before.

    Args:
        sample: with ``column``, ``code``, ``before`` and ``now``.
    """
    return [
        _row("renamed", cells=0, text_before=f"{r['code']} {r['before']}", text_after=f"{r['code']} {r['now']}")
        for r in sample
    ]


def _share() -> pl.Expr:
    """Size of a change as a share of the larger of the two values."""
    larger = pl.max_horizontal(pl.col("value").abs(), pl.col("new_value").abs())
    return (pl.col("new_value") - pl.col("value")).abs() / larger


def _size() -> pl.Expr:
    size = pl.lit("over_20")
    for name, bound in reversed(SIZES.items()):
        size = pl.when(pl.col("share") <= bound).then(pl.lit(name)).otherwise(size)
    return size


def _row(kind: str, cells: int, **known: Any) -> Row:
    names = (
        "measure",
        "period",
        "size",
        "region_code",
        "value_before",
        "value_after",
        "text_before",
        "text_after",
    )
    return {"kind": kind, "cells": cells, **{name: known.get(name) for name in names}}


def _moment(moment: datetime | None, name: str) -> pl.Expr:
    return pl.lit(moment, dtype=pl.Datetime("us", "UTC")).alias(name)
