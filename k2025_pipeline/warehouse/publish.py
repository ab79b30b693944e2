"""Publication: the public tables in one file, swapped in whole, and as Parquet beside it.

Here belongs the step after the audit. Readers of the old file are never locked out: the new one is
written beside it and renamed. It is written in an old storage version, which DuckDB 1.2 and later open.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl

from k2025_pipeline.catalog import Catalog, upload_docs
from k2025_pipeline.catalog.generate import column_docs, history_docs
from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.catalog.uploads import UploadContract
from k2025_pipeline.lake.home import Home, read_json, write_json

STORAGE_VERSION = "v1.2.0"
END_OF_DAY = "(cast(day as timestamp) + interval 1 day) at time zone 'Europe/Oslo'"
"""Of the macros' argument, whatever the time zone of the client."""


@dataclass(frozen=True)
class Published:
    """What the manifest beside the published file says."""

    fingerprint: str
    published_at: str
    sha256: str
    source: str
    tables: dict[str, int]


def published(home: Home) -> Published | None:
    """The manifest of the published file, or None where nothing whole is published."""
    if not home.warehouse.exists():
        return None
    swapped = read_json(_next_manifest(home))
    if swapped is not None and swapped["sha256"] == file_hash(home.warehouse):
        return Published(**swapped)  # a run was killed after the swap: see :func:`recover`
    manifest = read_json(_manifest(home))
    return Published(**manifest) if manifest else None


def publish(home: Home, catalog: Catalog, fingerprint: str, source: str) -> Published:
    """Copy the public tables out of the build into a new file and swap it in.

    Args:
        home: where build and publication lie. catalog: for the documentation of source tables.
        fingerprint: of the inputs of the build. source: where the figures come from.

    Returns:
        What was published.
    """
    candidate, parquet = home.build / "candidate.duckdb", _parquet_candidate(home)
    _remove(candidate, parquet)
    parquet.mkdir(parents=True)
    tables = _write(home, catalog, candidate, parquet)
    manifest = Published(
        fingerprint=fingerprint,
        published_at=datetime.now(UTC).isoformat(timespec="seconds"),
        sha256=file_hash(candidate),
        source=source,
        tables=tables,
    )
    _remember(home)
    candidate.chmod(0o444)
    write_json(_next_manifest(home), manifest.__dict__)
    candidate.replace(home.warehouse)
    _finish(home)
    return manifest


def recover(home: Home) -> None:
    """Finish a publication that was killed after its file was swapped in, or forget one that was killed before."""
    manifest = read_json(_next_manifest(home))
    if manifest is None:
        return
    if home.warehouse.exists() and file_hash(home.warehouse) == manifest["sha256"]:
        _finish(home)
    else:
        _next_manifest(home).unlink()


def _finish(home: Home) -> None:
    """The steps after the swap of the file: its Parquet, and the manifest that speaks of it."""
    parquet = _parquet_candidate(home)
    if parquet.exists():
        _swap_folder(parquet, home.public)
    _remove(home.public.with_name(f"{home.public.name}.old"))
    _next_manifest(home).replace(_manifest(home))


def file_hash(path: Path) -> str:
    """sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _manifest(home: Home) -> Path:
    return home.root / "warehouse.json"


def _next_manifest(home: Home) -> Path:
    """The manifest of a publication under way."""
    return home.build / "warehouse.json"


def _parquet_candidate(home: Home) -> Path:
    return home.build / "public"


def _write(home: Home, catalog: Catalog, candidate: Path, parquet: Path) -> dict[str, int]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{_quoted(candidate)}' as target (storage_version '{STORAGE_VERSION}')")
        connection.execute(f"attach '{_quoted(home.build_file)}' as build (read_only)")
        connection.execute("begin")
        for schema in ("public", "source", "source_history"):
            connection.execute(f"create schema target.{schema}")
        counts = {}
        for name in _public_tables(connection):
            counts[f"public.{name}"] = _copy(connection, f"public.{name}", f"public.{name}")
            _comment_as_built(connection, name)
            file = _quoted(parquet / f"{name}.parquet")
            connection.execute(f"copy target.public.{name} to '{file}' (format parquet, compression zstd)")
            (parquet / f"{name}.parquet").chmod(0o444)
        for table in catalog.tables.values():
            target = f"source.{table.name}"
            counts[target] = _copy(connection, f"staging.stg_{table.name}", target)
            _comment(connection, target, f"{table.title.nb} / {table.title.en}", column_docs(table))
            counts[f"source_history.{table.name}"] = _write_history(connection, table)
        for upload in catalog.uploads.values():
            counts |= _write_upload(connection, upload)
        connection.execute("commit; checkpoint target; detach target")
    return counts


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


def _remember(home: Home) -> None:
    """Keep what is being published, for the revisions of later nights."""
    place = home.published_values
    place.parent.mkdir(parents=True, exist_ok=True)
    candidate = place.with_suffix(".candidate")
    with duckdb.connect(str(home.build_file), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(
            f"copy public.indicator_history to '{_quoted(candidate)}' (format parquet, compression zstd)"
        )
    candidate.replace(place)


def _public_tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute(
        "select table_name from duckdb_tables() where database_name = 'build' and schema_name = 'public' order by 1"
    ).fetchall()
    return [name for (name,) in rows]


def _copy(connection: duckdb.DuckDBPyConnection, origin: str, target: str) -> int:
    connection.execute(f"create table target.{target} as select * from build.{origin}")
    return int(connection.execute(f"select count(*) from target.{target}").fetchall()[0][0])


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
    connection.execute(f"comment on table target.{target} is {_literal(text)}")
    for column, description in columns.items():
        connection.execute(f'comment on column target.{target}."{column}" is {_literal(description)}')


def _swap_folder(new: Path, place: Path) -> None:
    """Put a folder in the place of another; the old one is gone only when the new one stands."""
    old = place.with_name(f"{place.name}.old")
    _remove(old)
    if place.exists():
        place.rename(old)
    new.rename(place)
    _remove(old)


def _remove(*paths: Path) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


class NothingPublished(FileNotFoundError):
    """There is no published file to ask."""

    runbook = "publication"


class QueryError(Exception):
    """The SQL is not one question that can be answered as rows."""

    runbook = "bad-question"


def query(home: Home, sql: str) -> pl.DataFrame:
    """Answer one SQL statement from the published file; it can neither change it nor reach other files.

    Returns:
        The rows.

    Raises:
        NothingPublished: when there is no file to ask. duckdb.Error: when the SQL is wrong.
        QueryError: when it is not one question, or its answer has a type that cannot be shown.
    """
    if not home.warehouse.exists():
        raise NothingPublished(f"{home.warehouse}: nothing is published yet. Run `k2025 refresh` first.")
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'; set enable_external_access = false")
        if len(connection.extract_statements(sql)) != 1:
            raise QueryError("Ask one question at a time: the text holds none, or several statements.")
        relation = connection.sql(sql)
        if relation is None:
            raise QueryError("This statement gives no rows. The published file can only be asked.")
        try:
            return relation.pl()
        except pl.exceptions.PolarsError as error:
            raise QueryError(f"The answer has a type that cannot be shown; cast it to text ({error}).") from error
