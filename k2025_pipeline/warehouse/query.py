"""Questions to the published file.

Here belongs asking it without being able to change it. Not here: showing the answer (``console``).
"""

from __future__ import annotations

import duckdb
import polars as pl

from k2025_pipeline.lake.home import Home


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
