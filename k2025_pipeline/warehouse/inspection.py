"""The last look at a file before it takes the place of the one that stands: level ``publication`` of the ladder.

Here belong rules about the file as such. Not here: rules about figures (``validation``, ``dbt``,
``schemas/expectations``). Every rule blocks; how much a table may lose is declared in ``schemas/quality.yml``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from k2025_pipeline.catalog import Catalog
from k2025_pipeline.quality.outcome import Finding
from k2025_pipeline.warehouse.contents import documented
from k2025_pipeline.warehouse.manifest import Published

TABLES_PRESENT, COLUMNS_DOCUMENTED = "tables_present", "columns_documented"
OPENS_READ_ONLY, NOT_MUCH_SMALLER = "opens_read_only", "not_much_smaller"
SAMPLE = 20
UPLOADED = ("source.upload_", "source_history.upload_")
"""Tables that a person may withdraw."""
Findings = dict[str, Finding]


class NotFit(Exception):
    """The new file breaks a rule of publication; the one that stands was not touched.

    Attributes:
        findings: of every rule, by name.
    """

    runbook = "publication"

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        broken = {name: finding for name, finding in findings.items() if not finding.passed}
        told = " ".join(f"{name}: {finding.message} {finding.advice}" for name, finding in broken.items())
        super().__init__(f"The new file was not published, and the one that stands was not touched. {told}")


@dataclass(frozen=True)
class _Seen:
    """What a reader finds: storage version, rows by table, comment by table and by column."""

    storage_version: str
    rows: dict[str, int]
    comments: dict[str, str | None]
    columns: dict[str, dict[str, str | None]]


def inspect(candidate: Path, catalog: Catalog, standing: Published | None) -> Findings:
    """Look a file over as a reader would meet it: opened anew, for reading only.

    Args:
        candidate: the file. catalog: what is promised. standing: manifest of the file that it is to replace, or None.

    Returns:
        What each rule found, by its name. The file that stands can be looked over against its own manifest.
    """
    try:
        with duckdb.connect(str(candidate), read_only=True) as reader:
            seen = _look(reader)
    except (duckdb.Error, OSError) as error:
        return _unreadable(candidate, error)
    before = standing.tables if standing else {}
    return {
        TABLES_PRESENT: _tables_present(seen, catalog, before),
        COLUMNS_DOCUMENTED: _columns_documented(seen, catalog),
        OPENS_READ_ONLY: _opens(seen, catalog),
        NOT_MUCH_SMALLER: _not_much_smaller(seen, catalog, before),
    }


def broken(findings: Findings) -> bool:
    """Whether any rule keeps the file from being published."""
    return not all(finding.passed for finding in findings.values())


def _look(reader: duckdb.DuckDBPyConnection) -> _Seen:
    name = reader.execute("select current_database()").fetchall()[0][0]
    version = reader.execute(
        "select tags['storage_version'] from duckdb_databases() where database_name = ?", [name]
    ).fetchall()[0][0]
    tables = reader.execute(
        "select schema_name || '.' || table_name, comment from duckdb_tables() where database_name = ? order by 1",
        [name],
    ).fetchall()
    columns: dict[str, dict[str, str | None]] = {table: {} for table, _ in tables}
    for table, column, comment in reader.execute(
        "select schema_name || '.' || table_name, column_name, comment from duckdb_columns() "
        "where database_name = ? and not internal",
        [name],
    ).fetchall():
        columns.setdefault(table, {})[column] = comment
    rows = {table: _rows(reader, table) for table, _ in tables}
    return _Seen(str(version), rows, dict(tables), columns)


def _rows(reader: duckdb.DuckDBPyConnection, table: str) -> int:
    """Rows of a table, each of them read: a mere count comes from the file's directory, also where the rest is gone."""
    counted = reader.execute(f"select count(*), bit_xor(hash(told)) from {table} as told").fetchall()
    return int(counted[0][0])


def _unreadable(candidate: Path, error: Exception) -> Findings:
    opens = Finding(
        passed=False,
        failed=1,
        message=f"{candidate.name} cannot be read: {' '.join(str(error).split())}",
        advice="Look whether the disk is sound, and run `k2025 refresh` again.",
    )
    other = Finding(passed=False, message="Could not be judged, since the file cannot be read.")
    return {TABLES_PRESENT: other, COLUMNS_DOCUMENTED: other, OPENS_READ_ONLY: opens, NOT_MUCH_SMALLER: other}


def _promised(catalog: Catalog) -> list[str]:
    return [*(f"public.{table}" for table in catalog.expectations), *documented(catalog)]


def _tables_present(seen: _Seen, catalog: Catalog, before: dict[str, int]) -> Finding:
    promised = _promised(catalog)
    missing = [{"table": table, "what": "missing"} for table in promised if table not in seen.rows]
    emptied = [
        {"table": table, "what": "empty", "rows before": before[table]}
        for table in promised
        if seen.rows.get(table) == 0 and before.get(table, 0) > 0 and not _may_shrink(table, catalog)
    ]
    return _finding(
        [*missing, *emptied],
        len(promised),
        "{} of {} promised tables are missing or were emptied: {}.",
        "See in the run why the table was not built or has no rows. One that need not exist any more is removed from "
        "schemas/expectations or schemas/tables.",
    )


def _columns_documented(seen: _Seen, catalog: Catalog) -> Finding:
    wrong: list[dict[str, Any]] = [
        {"table": t, "what": "has no description"} for t, c in seen.comments.items() if not c
    ]
    known = documented(catalog)
    for table, columns in seen.columns.items():
        wrong += [{"table": table, "column": c, "what": "not documented"} for c, text in columns.items() if not text]
        wrong += [
            {"table": table, "column": c, "what": "documented, and not there"}
            for c in sorted(known.get(table, set()) - set(columns))
        ]
    return _finding(
        wrong,
        sum(len(columns) for columns in seen.columns.values()),
        "{} of {} columns do not fit their documentation: {}.",
        "Document public columns in dbt/models/public/*.yml, those of a source in its contract, and nothing else.",
    )


def _opens(seen: _Seen, catalog: Catalog) -> Finding:
    wanted = catalog.quality.publication.storage_version
    if seen.storage_version.split("+")[0] == wanted:
        return Finding(passed=True, checked=len(seen.rows), message=f"Every table answers; storage version {wanted}.")
    return Finding(
        passed=False,
        failed=1,
        checked=len(seen.rows),
        sample=[{"storage_version": seen.storage_version}],
        message=f"The file has the storage version {seen.storage_version}, and not {wanted}: older clients cannot "
        "open it.",
        advice="See whether DuckDB was exchanged, or declare another version in schemas/quality.yml, publication.",
    )


def _not_much_smaller(seen: _Seen, catalog: Catalog, before: dict[str, int]) -> Finding:
    share = catalog.quality.publication.lost_rows_share
    judged = [t for t in _promised(catalog) if t.startswith("public.") and seen.rows.get(t) and t in before]
    smaller = [
        {"table": table, "rows before": before[table], "rows": seen.rows[table]}
        for table in judged
        if seen.rows[table] < before[table] * (1 - share) and not _may_shrink(table, catalog)
    ]
    return _finding(
        smaller,
        len(judged),
        f"{{}} of {{}} public tables have lost more than {share:.0%} of their rows: {{}}.",
        "See in the run what is gone. If it is right, raise publication.lost_rows_share in schemas/quality.yml for one "
        "night.",
    )


def _may_shrink(table: str, catalog: Catalog) -> bool:
    """Whether a person who withdraws a file may take its rows away."""
    schema, _, name = table.partition(".")
    return table.startswith(UPLOADED) or (schema == "public" and name in catalog.quality.publication.rest_on_uploads)


def _finding(wrong: Sequence[dict[str, Any]], judged: int, message: str, advice: str) -> Finding:
    if not wrong:
        return Finding(passed=True, checked=judged)
    named = ", ".join(".".join(str(row[k]) for k in ("table", "column") if k in row) for row in wrong[:5])
    more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
    return Finding(
        passed=False,
        failed=len(wrong),
        checked=judged,
        sample=list(wrong[:SAMPLE]),
        message=message.format(len(wrong), judged, named + more),
        advice=advice,
    )
