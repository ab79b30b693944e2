"""What the lake remembers, as rows for dbt: vintages, what each changed, and what was published before.

Here belongs reading records of the lake. Not here: the current figures (``inputs``) and what follows from the
record (``dbt/models``).
"""

from __future__ import annotations

from typing import Any

import polars as pl

from k2025_pipeline.catalog import Catalog
from k2025_pipeline.lake.home import Home
from k2025_pipeline.lake.typed import Refusal, TypedLake, Vintage

Row = dict[str, Any]
MOMENT = pl.Datetime("us", "UTC")
VINTAGES = {
    "table_id": pl.String(),
    "table_name": pl.String(),
    "vintage_id": pl.String(),
    "vintage": MOMENT,
    "valid_from": MOMENT,
    "valid_to": MOMENT,
    "accepted_at": MOMENT,
    "rows": pl.Int64(),
    "state": pl.String(),
    "because": pl.String(),
    "overruled_by": pl.String(),
}
CHANGES = {
    "table_id": pl.String(),
    "table_name": pl.String(),
    "vintage": MOMENT,
    "accepted_at": MOMENT,
    "kind": pl.String(),
    "measure": pl.String(),
    "period": pl.String(),
    "size": pl.String(),
    "cells": pl.Int64(),
    "region_code": pl.String(),
    "value_before": pl.Float64(),
    "value_after": pl.Float64(),
    "text_before": pl.String(),
    "text_after": pl.String(),
}
PUBLISHED = {
    "indicator_id": "varchar",
    "definition_version": "integer",
    "region_code": "varchar",
    "period": "varchar",
    "value": "double",
    "obs_status": "varchar",
    "vintage": "timestamptz",
    "published_at": "timestamptz",
    "cause": "varchar",
}
"""Columns of the memory of what was published."""


def vintages(catalog: Catalog, lake: TypedLake) -> pl.DataFrame:
    """One row per vintage that is or was current, and per delivery that was refused."""
    rows: list[Row] = []
    for table_id, name, dataset in _datasets(catalog):
        accepted = lake.vintages(dataset)
        ends = [*(v.valid_from for v in accepted[1:]), None]
        rows += [_accepted(table_id, name, v, end) for v, end in zip(accepted, ends, strict=False)]
        known = {vintage.vintage for vintage in accepted}
        rows += [_refused(table_id, name, r) for r in lake.refusals(name) if r.vintage not in known]
    return _frame(rows, VINTAGES)


def changes(catalog: Catalog, lake: TypedLake) -> pl.DataFrame:
    """What each vintage changed in the one before it; see ``ingest.history``."""
    rows = [
        {"table_id": table_id, "table_name": name, "vintage": v.updated, "accepted_at": v.accepted_at, **change}
        for table_id, name, dataset in _datasets(catalog)
        for v in lake.vintages(dataset)
        for change in v.changes
    ]
    return _frame(rows, CHANGES)


def published_values(home: Home) -> str:
    """SQL that gives what was published before: a row per change of an indicator's value or status."""
    columns = ", ".join(f"{name} {dtype}" for name, dtype in PUBLISHED.items())
    if home.published_values.exists():
        path = str(home.published_values).replace("'", "''")
        return f"create view catalog.published_values as select {', '.join(PUBLISHED)} from read_parquet('{path}')"
    return f"create table catalog.published_values ({columns})"


def _datasets(catalog: Catalog) -> list[tuple[str, str, str]]:
    """Id, name and typed dataset of everything that has vintages; of a classification its codes stand for all."""
    tables = [(t.id, t.name, t.name) for t in catalog.tables.values()]
    return tables + [(f"klass-{c.id}", c.name, c.datasets["codes"]) for c in catalog.classifications.values()]


def _accepted(table_id: str, name: str, vintage: Vintage, end: str | None) -> Row:
    decision = vintage.overruled
    return {
        "table_id": table_id,
        "table_name": name,
        "vintage_id": vintage.vintage,
        "vintage": vintage.updated,
        "valid_from": vintage.valid_from,
        "valid_to": end,
        "accepted_at": vintage.accepted_at,
        "rows": vintage.rows,
        "state": "superseded" if end else "current",
        "because": f"{', '.join(decision['rules'])}: {decision['reason']}" if decision else None,
        "overruled_by": decision["by"] if decision else None,
    }


def _refused(table_id: str, name: str, refusal: Refusal) -> Row:
    return {
        "table_id": table_id,
        "table_name": name,
        "vintage_id": refusal.vintage,
        "vintage": refusal.updated,
        "valid_from": None,
        "valid_to": None,
        "accepted_at": None,
        "rows": None,
        "state": "refused",
        "because": refusal.because,
        "overruled_by": None,
    }


def _frame(rows: list[Row], schema: dict[str, Any]) -> pl.DataFrame:
    moments = [name for name, dtype in schema.items() if dtype == MOMENT]
    texts = {name: pl.String() if name in moments else dtype for name, dtype in schema.items()}
    return pl.DataFrame(rows, schema=texts).with_columns(
        pl.col(moments).str.to_datetime(time_unit="us", time_zone="UTC")
    )
