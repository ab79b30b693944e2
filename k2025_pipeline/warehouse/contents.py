"""What the published file holds: public tables, source tables and their history, each with its documentation.

Here belongs copying them out of the build into a new file, and into Parquet. It is written in an old storage version
(``schemas/quality.yml``), which older clients open. Not here: looking it over (``inspection``) and the swap (``swap``).
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl

from k2025_pipeline.catalog import Catalog, upload_docs
from k2025_pipeline.catalog.generate import column_docs, history_docs
from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.catalog.uploads import UploadContract
from k2025_pipeline.lake.home import Home

END_OF_DAY = "(cast(day as timestamp) + interval 1 day) at time zone 'Europe/Oslo'"
"""Of the macros' argument, whatever the time zone of the client."""


CHECK_RESULTS = "check_results"


def write(
    home: Home, catalog: Catalog, candidate: Path, parquet: Path, tonight: pl.DataFrame | None = None
) -> dict[str, int]:
    """Copy the tables of the build into a new file, and the public ones into Parquet.

    Args:
        home: where the build lies. catalog: for the documentation of source tables, and the storage version.
        candidate: the file to make. parquet: the folder to make.
        tonight: the night's checks, rows for ``public.check_results``: the build knew only of those of earlier nights.

    Returns:
        Rows by table.
    """
    parquet.mkdir(parents=True)
    version = catalog.quality.publication.storage_version
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{quoted(candidate)}' as target (storage_version '{version}')")
        connection.execute(f"attach '{quoted(home.build_file)}' as build (read_only)")
        connection.execute("begin")
        for schema in ("public", "source", "source_history"):
            connection.execute(f"create schema target.{schema}")
        counts = {}
        for name in _public_tables(connection, "build"):
            counts[f"public.{name}"] = _copy(connection, f"public.{name}", f"public.{name}")
            _comment_as_built(connection, name)
        if tonight is not None and f"public.{CHECK_RESULTS}" in counts:
            counts[f"public.{CHECK_RESULTS}"] += _append(connection, tonight)
        _export(connection, "target", parquet)
        for table in catalog.tables.values():
            target = f"source.{table.name}"
            counts[target] = _copy(connection, f"staging.stg_{table.name}", target)
            _comment(connection, target, f"{table.title.nb} / {table.title.en}", column_docs(table))
            counts[f"source_history.{table.name}"] = _write_history(connection, table)
        for upload in catalog.uploads.values():
            counts |= _write_upload(connection, upload)
        connection.execute("commit; checkpoint target; detach target")
    return counts


def export(file: Path, parquet: Path) -> None:
    """Write the public tables of a published file as Parquet."""
    parquet.mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{quoted(file)}' as target (read_only)")
        _export(connection, "target", parquet)


def documented(catalog: Catalog) -> dict[str, set[str]]:
    """Columns that the contracts document, by table of ``source`` and ``source_history``."""
    tables = {f"source.{t.name}": set(column_docs(t)) for t in catalog.tables.values()}
    tables |= {f"source_history.{t.name}": set(history_docs(t)) for t in catalog.tables.values()}
    tables |= {f"source.{u.name}": set(upload_docs.column_docs(u)) for u in catalog.uploads.values()}
    return tables | {f"source_history.{u.name}": set(upload_docs.history_docs(u)) for u in catalog.uploads.values()}


def quoted(path: Path) -> str:
    """A path as it stands between quotation marks in SQL."""
    return str(path).replace("'", "''")


def _export(connection: duckdb.DuckDBPyConnection, database: str, parquet: Path) -> None:
    for name in _public_tables(connection, database):
        file = parquet / f"{name}.parquet"
        connection.execute(f"copy {database}.public.{name} to '{quoted(file)}' (format parquet, compression zstd)")
        file.chmod(0o444)


def _write_upload(connection: duckdb.DuckDBPyConnection, upload: UploadContract) -> dict[str, int]:
    """Figures that people laid down, and those of earlier files by validity."""
    title = f"{upload.title.nb} / {upload.title.en}"
    target, past = f"source.{upload.name}", f"source_history.{upload.name}"
    counts = {target: _copy(connection, f"typed.{upload.name}", target)}
    counts[past] = _copy(connection, f"typed.{upload.name}_history", past)
    _comment(connection, target, title, upload_docs.column_docs(upload))
    _comment(connection, past, f"Tidligere filer / earlier files: {title}", upload_docs.history_docs(upload))
    return counts


def _write_history(connection: duckdb.DuckDBPyConnection, table: TableContract) -> int:
    """The cells of all vintages, and a macro that gives the table as it was known at the end of a day."""
    target = f"source_history.{table.name}"
    cells = _copy(connection, f"history.history_{table.name}", target)
    text = f"{table.title.nb}: tallene slik de var i hver utgave / figures as each vintage had them"
    _comment(connection, target, text, history_docs(table))
    # Made from inside the file, so that the macro's text names no database and the file may have any name.
    connection.execute(
        f"use target; create macro {target}_as_of(day) as table "
        f"select * exclude (valid_from, valid_to) from {target} "
        f"where valid_from < {END_OF_DAY} and (valid_to is null or valid_to >= {END_OF_DAY}); use memory"
    )
    return cells


def _public_tables(connection: duckdb.DuckDBPyConnection, database: str) -> list[str]:
    rows = connection.execute(
        "select table_name from duckdb_tables() where database_name = ? and schema_name = 'public' order by 1",
        [database],
    ).fetchall()
    return [name for (name,) in rows]


def _copy(connection: duckdb.DuckDBPyConnection, origin: str, target: str) -> int:
    connection.execute(f"create table target.{target} as select * from build.{origin}")
    return int(connection.execute(f"select count(*) from target.{target}").fetchall()[0][0])


def _append(connection: duckdb.DuckDBPyConnection, tonight: pl.DataFrame) -> int:
    connection.register("tonight", tonight.to_arrow())
    connection.execute(f"insert into target.public.{CHECK_RESULTS} by name select * from tonight")
    connection.unregister("tonight")
    return tonight.height


def _comment_as_built(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Carry dbt's descriptions over: a copied table has none."""
    [(table_comment,)] = connection.execute(
        "select comment from duckdb_tables() where database_name = 'build' and schema_name = 'public' "
        "and table_name = ?",
        [name],
    ).fetchall()
    columns = connection.execute(
        "select column_name, comment from duckdb_columns() where database_name = 'build' "
        "and schema_name = 'public' and table_name = ? and comment is not null",
        [name],
    ).fetchall()
    _comment(connection, f"public.{name}", table_comment or "", dict(columns))


def _comment(connection: duckdb.DuckDBPyConnection, target: str, text: str, columns: dict[str, str]) -> None:
    """Document a table; a documented column that it does not have is found by ``inspection``."""
    connection.execute(f"comment on table target.{target} is {_literal(text)}")
    real = {name for name, *_ in connection.execute(f"describe target.{target}").fetchall()}
    for column, description in columns.items():
        if column in real:
            connection.execute(f'comment on column target.{target}."{column}" is {_literal(description)}')


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
