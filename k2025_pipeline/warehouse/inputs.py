"""What dbt reads: views over the current vintages, and the declarations as tables.

Here belongs the start of a build. Nothing here transforms a figure. Not here: declarations as rows (``declared``).
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from k2025_pipeline import __version__
from k2025_pipeline.catalog import Catalog
from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.catalog.uploads import UploadContract
from k2025_pipeline.klass.client import SCHEMAS
from k2025_pipeline.lake.disk import told_plainly
from k2025_pipeline.lake.home import Home
from k2025_pipeline.lake.typed import TypedLake, Vintage
from k2025_pipeline.quality import freshness, nights
from k2025_pipeline.validation.columns import typed_schema, upload_schema
from k2025_pipeline.warehouse import record
from k2025_pipeline.warehouse.declared import both, declared_frame, declared_tables
from k2025_pipeline.warehouse.publish import published

Row = dict[str, Any]


def input_schemas(catalog: Catalog) -> dict[str, dict[str, Any]]:
    """Column types of every typed dataset that a build reads, by name."""
    schemas: dict[str, dict[str, Any]] = {t.name: dict(typed_schema(t)) for t in catalog.tables.values()}
    for contract in catalog.classifications.values():
        for kind, name in contract.datasets.items():
            schemas[name] = dict(SCHEMAS[kind])
    return schemas


def fingerprint(home: Home, catalog: Catalog, folders: list[Path]) -> str:
    """Hash of everything that a build depends on: vintages and their state, declarations, models, version.

    Args:
        home: where the vintages lie. catalog: the declarations.
        folders: folders whose files decide the outcome (``schemas/``, ``dbt/``, the code that its Python models use).
    """
    lake = TypedLake(home)
    digest = hashlib.sha256(__version__.encode())
    for dataset in sorted([*input_schemas(catalog), *catalog.uploads]):
        vintage = lake.current(dataset)
        digest.update(repr(vintage and (dataset, vintage.content, vintage.updated)).encode())
        digest.update(repr((lake.state(dataset), lake.refusals(dataset))).encode())
    for folder in folders:
        for path in sorted(p for p in folder.rglob("*") if p.suffix in {".yml", ".sql", ".csv", ".py"}):
            if "target" not in path.parts:
                digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()


def prepare(home: Home, catalog: Catalog, source: str, started: datetime | None = None) -> None:
    """Start the build's database anew, with schemas ``typed`` and ``catalog`` for dbt to read.

    Args:
        home: where everything lies. catalog: the declarations. source: ``ssb``, ``recording``, ``demo``, ``other``.
        started: when the night began, with a zone; now where there is no night.
    """
    with told_plainly(home.root):
        _prepare(home, catalog, source, started)


def _prepare(home: Home, catalog: Catalog, source: str, started: datetime | None) -> None:
    home.build.mkdir(parents=True, exist_ok=True)
    for leftover in home.build.glob(f"{home.build_file.name}*"):
        leftover.unlink()
    lake = TypedLake(home)
    with duckdb.connect(str(home.build_file)) as connection:
        connection.execute("set TimeZone = 'UTC'; create schema typed; create schema catalog")
        for dataset, schema in input_schemas(catalog).items():
            _lay(connection, lake, dataset, schema, source)
        for table in catalog.tables.values():
            _lay_history(connection, lake, table)
        for upload in catalog.uploads.values():
            _lay_upload(connection, lake, upload)
            _lay_history(connection, lake, upload)
        states = source_tables(connection, catalog, lake, source)
        for name, rows in declared_tables(catalog).items():
            _create(connection, name, declared_frame(name, rows))
        _create(connection, "source_tables", states)
        _create(connection, "vintages", record.vintages(catalog, lake))
        _create(connection, "changes", record.changes(catalog, lake))
        connection.execute(record.published_values(home))
        standing = published(home)
        moment = standing.published_at if standing else None
        connection.execute("create table catalog.last_publication as select cast(? as timestamptz) as at", [moment])
        _lay_nights(connection, home, catalog, source, started or datetime.now(UTC))


def _lay_nights(
    connection: duckdb.DuckDBPyConnection, home: Home, catalog: Catalog, source: str, started: datetime
) -> None:
    """Tonight, how late tables are, and the record of earlier nights.

    None of it is part of :func:`fingerprint`: every night adds to the record, and no night would be a quiet one.
    """
    tonight = [nights.night_id(started), started.astimezone(nights.OSLO).date(), started]
    connection.execute(
        "create table catalog.night as "
        "select cast(? as varchar) as night_id, cast(? as date) as night, cast(? as timestamptz) as started_at",
        tonight,
    )
    late = freshness.staleness(home, catalog, started)
    _create(connection, "staleness", late.with_columns(pl.lit(source).alias("source")))
    quality = nights.history_sql(home, "quality", nights.QUALITY)
    checks = nights.history_sql(home, "checks", nights.CHECKS)
    connection.execute(f"create view catalog.quality_nights as {quality}")
    connection.execute(f"create view catalog.check_results as {checks}")


def _lay(
    connection: duckdb.DuckDBPyConnection, lake: TypedLake, dataset: str, schema: dict[str, Any], source: str
) -> None:
    vintage = lake.current(dataset)
    if vintage is None:
        columns = ", ".join(f'"{name}" {_sql_type(dtype)}' for name, dtype in schema.items())
        extra = "vintage timestamptz, source varchar, is_stale boolean"
        connection.execute(f"create table typed.{dataset} ({columns}, {extra})")
        return
    path = str(lake.path(dataset, vintage.vintage)).replace("'", "''")
    connection.execute(
        f"create view typed.{dataset} as select *, timestamptz '{_stamp(vintage)}' as vintage, "
        f"'{source}' as source, {vintage.stale_because is not None} as is_stale from read_parquet('{path}')"
    )


def _lay_upload(connection: duckdb.DuckDBPyConnection, lake: TypedLake, upload: UploadContract) -> None:
    """The figures that stand; each row says itself whether a person laid it down or the demo generated it."""
    vintage = lake.current(upload.name)
    if vintage is None:
        columns = ", ".join(f'"{name}" {_sql_type(dtype)}' for name, dtype in upload_schema(upload).items())
        connection.execute(f"create table typed.{upload.name} ({columns}, vintage timestamptz, is_stale boolean)")
        return
    path = str(lake.path(upload.name, vintage.vintage)).replace("'", "''")
    connection.execute(
        f"create view typed.{upload.name} as select *, timestamptz '{_stamp(vintage)}' as vintage, "
        f"{vintage.stale_because is not None} as is_stale from read_parquet('{path}')"
    )


def _lay_history(connection: duckdb.DuckDBPyConnection, lake: TypedLake, table: TableContract | UploadContract) -> None:
    """The cells of all vintages by validity, as ``ingest.history`` keeps them."""
    path = lake.history(table.name)
    if path is None:
        columns = ", ".join(f'"{name}" varchar' for name in [*table.key, "unit"])
        rest = "value double, symbol varchar, valid_from timestamptz, valid_to timestamptz"
        connection.execute(f"create table typed.{table.name}_history ({columns}, {rest})")
        return
    text = str(path).replace("'", "''")
    connection.execute(f"create view typed.{table.name}_history as select * from read_parquet('{text}')")


def _stamp(vintage: Vintage) -> str:
    return datetime.fromisoformat(vintage.updated).isoformat()


def _sql_type(dtype: Any) -> str:
    known = {pl.Float64: "double", pl.Date: "date", pl.Int32: "integer", pl.Datetime: "timestamptz"}
    return known.get(dtype.base_type() if isinstance(dtype, pl.DataType) else dtype, "varchar")


def _create(connection: duckdb.DuckDBPyConnection, name: str, frame: pl.DataFrame) -> None:
    connection.register("declared", frame.to_arrow())
    connection.execute(f"create table catalog.{name} as select * from declared")
    connection.unregister("declared")


def source_tables(
    connection: duckdb.DuckDBPyConnection, catalog: Catalog, lake: TypedLake, source: str
) -> pl.DataFrame:
    """State, vintage and size of every source table, one row each."""
    rows = []
    for table in catalog.tables.values():
        counted = connection.execute(
            f"select count(*), count(value), count(distinct period), min(period), max(period) from typed.{table.name}"
        ).fetchall()[0]
        rows.append(_state(table.id, table.name, table.name, table, counted, lake, source))
    for contract in catalog.classifications.values():
        name = f"{contract.name}_codes"
        counted = connection.execute(f"select count(*), count(code), null, null, null from typed.{name}").fetchall()[0]
        rows.append(_state(f"klass-{contract.id}", contract.name, name, contract, counted, lake, source))
    stamps = ["vintage", "fetched_at"]
    # Named, because a column without a single entry would have no type: a home that holds no table yet.
    texts = dict.fromkeys([*stamps, "first_period", "last_period"], pl.String)
    return pl.DataFrame(rows, infer_schema_length=None, schema_overrides=texts).with_columns(
        pl.col(stamps).str.to_datetime(time_zone="UTC")
    )


def _state(
    table_id: str, table_name: str, dataset: str, contract: Any, counted: Any, lake: TypedLake, source: str
) -> Row:
    vintage = lake.current(dataset)
    state, _ = lake.state(dataset)
    attribution = getattr(contract, "attribution", None)
    return {
        "table_id": table_id,
        "table_name": table_name,
        **both("title", contract.title),
        "state": state,
        "vintage": vintage and _stamp(vintage),
        "fetched_at": vintage and vintage.accepted_at,
        **dict(zip(("rows", "cells", "periods", "first_period", "last_period"), counted, strict=True)),
        "source": source,
        "licence": contract.licence,
        "attribution_nb": attribution.nb if attribution else "Kilde: Statistisk sentralbyrå",
        "attribution_en": attribution.en if attribution else "Source: Statistics Norway",
        "url": contract.url,
    }
