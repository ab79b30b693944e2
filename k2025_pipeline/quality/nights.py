"""The record of nights: one folder per night, with how it went, every check, and the quality of the data.

Here belongs writing and reading it. Not here: what is made of it (``morning``, ``alerts``, ``dbt``). A night that was
killed has no record; its run in Dagster says so. A record is about nights, and no figure rests on it: one that is
damaged, or of a version that told other things, is left out with a warning, and stops nothing.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import polars as pl

from k2025_pipeline.lake.home import DamagedHome, Home, damaged, read_json, read_record, write_bytes, write_json
from k2025_pipeline.pxweb.errors import one_line
from k2025_pipeline.quality.outcome import Finding, Key, Outcome

log = logging.getLogger(__name__)

Ending = Literal["published", "unchanged", "held", "blocked"]
"""``held``: publication is paused by a person who went back. ``blocked``: nothing was published, yesterday's stands."""
SUCCESSES: tuple[Ending, ...] = ("published", "unchanged")
OSLO = ZoneInfo("Europe/Oslo")
REMEMBERED_RUNS = 60
"""Nights among which the one of a run is looked for; alerts are owed for a week, of two nights a day."""
CHECKS = {
    "night_id": pl.String(),
    "night": pl.Date(),
    "started_at": pl.Datetime("us", "UTC"),
    "asset": pl.String(),
    "check_name": pl.String(),
    "level": pl.String(),
    "engine": pl.String(),
    "severity": pl.String(),
    "blocking": pl.Boolean(),
    "passed": pl.Boolean(),
    "failed_rows": pl.Int64(),
    "checked_rows": pl.Int64(),
    "previous_failed_rows": pl.Int64(),
    "threshold": pl.String(),
    "declared_in": pl.String(),
    "runbook": pl.String(),
    "message": pl.String(),
    "repeated": pl.Boolean(),
    "source": pl.String(),
}
"""Columns of a night's checks, and of ``public.check_results``."""
QUALITY = {
    "night_id": pl.String(),
    "night": pl.Date(),
    "quality_id": pl.String(),
    "indicator_id": pl.String(),
    "table_id": pl.String(),
    "reason": pl.String(),
    "numerator": pl.Float64(),
    "denominator": pl.Float64(),
    "value": pl.Float64(),
    "unit": pl.String(),
    "source": pl.String(),
}
"""Columns of a night's quality of the data, and of ``public.data_quality_nights``."""


@dataclass(frozen=True)
class NightRecord:
    """How one night went.

    Attributes:
        started_at, finished_at: ISO 8601, UTC. source: as ``--source`` takes it. kind: ``ssb``, ``demo``, …
        ending: what became of it. run_id: of Dagster. seconds: from start to end. requests: sent, by service.
        states: of each table, classification and upload. problems: why one of them stands stale or is missing.
        published_at: of the file that stands. changes: what was new, in one line; None where nothing was published.
        not_built: models that were left out because something before them failed.
        declared_checks: how many checks there are, run or not; 0 where nobody said.
    """

    started_at: str
    finished_at: str
    source: str
    kind: str
    ending: Ending
    run_id: str | None
    seconds: float
    requests: dict[str, int] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    published_at: str | None = None
    changes: str | None = None
    not_built: list[str] = field(default_factory=list)
    declared_checks: int = 0

    @property
    def night_id(self) -> str:
        """Name of the night's folder: when it began, UTC."""
        return night_id(datetime.fromisoformat(self.started_at))


def night_id(started: datetime) -> str:
    """``20261126T031502Z``."""
    return started.astimezone(ZoneInfo("UTC")).strftime("%Y%m%dT%H%M%SZ")


def write(home: Home, record: NightRecord, outcomes: Sequence[Outcome], quality: pl.DataFrame) -> None:
    """Write a night whole: the folder appears when everything is in it.

    Args:
        home: where. record: how it went. outcomes: every check that ran. quality: columns of :data:`QUALITY`.
    """
    place = home.nights / record.night_id
    candidate = home.nights / f".{record.night_id}"
    shutil.rmtree(candidate, ignore_errors=True)
    write_json(candidate / "night.json", asdict(record))
    write_bytes(candidate / "checks.parquet", _parquet(checks_frame(record, outcomes)))
    write_bytes(candidate / "quality.parquet", _parquet(quality))
    details = [{**asdict(o.finding), "asset": o.check.asset, "name": o.check.name} for o in outcomes]
    write_json(candidate / "failed.json", [row for row in details if not row["passed"]])
    shutil.rmtree(place, ignore_errors=True)
    candidate.rename(place)


def checks_frame(record: NightRecord, outcomes: Sequence[Outcome]) -> pl.DataFrame:
    """A night's checks as a frame, columns of :data:`CHECKS`."""
    started = datetime.fromisoformat(record.started_at)
    common = {"night_id": record.night_id, "night": started.astimezone(OSLO).date(), "started_at": started}
    rows = [{**common, **_row(outcome), "source": record.kind} for outcome in outcomes]
    return pl.DataFrame(rows, schema=CHECKS, orient="row")


def summary(outcomes: Sequence[Outcome]) -> dict[str, dict[str, int]]:
    """How checks came out by level of the ladder: how many ``passed``, ``failed`` and were ``blocking``."""
    counted: dict[str, dict[str, int]] = {}
    for outcome in outcomes:
        level = counted.setdefault(outcome.check.level, {"passed": 0, "failed": 0, "blocking": 0})
        level["passed" if outcome.finding.passed else "failed"] += 1
        level["blocking"] += outcome.check.blocking
    return counted


def _row(outcome: Outcome) -> dict[str, Any]:
    check, finding = outcome.check, outcome.finding
    return {
        "asset": check.asset,
        "check_name": check.name,
        "level": check.level,
        "engine": check.engine,
        "severity": outcome.severity,
        "blocking": check.blocking,
        "passed": finding.passed,
        "failed_rows": finding.failed,
        "checked_rows": finding.checked,
        "previous_failed_rows": outcome.previous,
        "threshold": check.threshold or None,
        "declared_in": check.declared_in,
        "runbook": check.runbook,
        "message": finding.message,
        "repeated": finding.repeated,
    }


def records(home: Home, latest: int | None = None) -> list[NightRecord]:
    """Nights in order, the newest last; all of them, or only the ``latest`` ones."""
    return [_record(folder) for folder in _folders(home, latest)]


def latest(home: Home) -> NightRecord | None:
    """The newest night, or None before the first."""
    found = records(home, 1)
    return found[0] if found else None


def last_success(home: Home) -> NightRecord | None:
    """The newest night that published or found everything unchanged."""
    for folder in _newest_first(home):
        record = _record(folder)
        if record.ending in SUCCESSES:
            return record
    return None


def of_run(home: Home, run_id: str) -> NightRecord | None:
    """The night of a Dagster run, or None where it left no record.

    Raises:
        DamagedHome: when there is none, and the newest record cannot be read: it may be the one.
    """
    found = next((record for record in reversed(records(home, REMEMBERED_RUNS)) if record.run_id == run_id), None)
    if found is None:
        see_newest(home)
    return found


def see_newest(home: Home) -> None:
    """See that the record of the newest night can be read.

    Raises:
        DamagedHome: when it cannot: nobody can say how that night went.
    """
    newest = max(_all_folders(home), default=None)
    if newest is not None and not _sound(newest):
        raise DamagedHome(
            f"{newest} is damaged: the record of that night cannot be read. The night itself went its way."
        )


def checks_of(home: Home, night: str) -> pl.DataFrame:
    """Every check of a night, columns of :data:`CHECKS`."""
    return pl.read_parquet(home.nights / night / "checks.parquet")


def failures_of(home: Home, night: str) -> list[dict[str, Any]]:
    """Findings of a night that broke their rule, with sample and advice."""
    return list(read_json(home.nights / night / "failed.json") or [])


def previous_failures(home: Home) -> dict[Key, int]:
    """Rows that broke each check in the newest night that is recorded."""
    newest = next(_newest_first(home), None)
    if newest is None:
        return {}
    frame = pl.read_parquet(newest / "checks.parquet", columns=["asset", "check_name", "failed_rows"])
    return {(asset, name): failed for asset, name, failed in frame.iter_rows()}


def standing_findings(home: Home, published_at: str) -> dict[Key, Finding]:
    """What the checks found in the night of the file that stands, marked as repeated.

    Args:
        home: of the nights. published_at: of the file, as its manifest says.
    """
    of_the_file = (r for r in reversed(records(home)) if r.published_at == published_at and r.ending in SUCCESSES)
    night = next(of_the_file, None)
    if night is None:
        return {}
    broken = _broken(home.nights / night.night_id)
    held = {
        (row["asset"], row["check_name"]): Finding(True, checked=row["checked_rows"], message=row["message"])
        for row in checks_of(home, night.night_id).filter("passed").iter_rows(named=True)
    }
    return {key: replace(finding, repeated=True) for key, finding in {**held, **broken}.items()}


def history_sql(home: Home, name: Literal["checks", "quality"], columns: dict[str, Any]) -> str:
    """A DuckDB query of the ``checks`` or ``quality`` of all recorded nights; empty where there is none."""
    files = [str(folder / f"{name}.parquet").replace("'", "''") for folder in _folders(home)]
    if files:
        listed = ", ".join(f"'{file}'" for file in files)
        return f"select {', '.join(columns)} from read_parquet([{listed}])"
    empty = ", ".join(f"cast(null as {_SQL_TYPES[type(dtype)]}) as {column}" for column, dtype in columns.items())
    return f"select * from (select {empty}) where false"


_SQL_TYPES: dict[Any, str] = {
    pl.String: "varchar",
    pl.Date: "date",
    pl.Datetime: "timestamptz",
    pl.Boolean: "boolean",
    pl.Int64: "bigint",
    pl.Float64: "double",
}


def _record(folder: Path) -> NightRecord:
    found = read_record(folder / "night.json", NightRecord)
    if found is None:
        raise damaged(folder / "night.json", "it is missing")
    return found


def _broken(folder: Path) -> dict[Key, Finding]:
    """What broke its rule in a night, by check."""
    rows = [dict(row) for row in read_json(folder / "failed.json") or []]
    return {(row.pop("asset"), row.pop("name")): Finding(**row) for row in rows}


def _folders(home: Home, latest: int | None = None) -> list[Path]:
    """Sound records, the oldest first; all of them, or only the ``latest`` ones."""
    return list(islice(_newest_first(home), latest))[::-1]


def _newest_first(home: Home) -> Iterator[Path]:
    return (folder for folder in sorted(_all_folders(home), reverse=True) if _sound(folder))


def _all_folders(home: Home) -> list[Path]:
    return [folder for folder in home.nights.glob("[0-9]*Z") if folder.is_dir()]


def _sound(folder: Path) -> bool:
    """Whether a record can be read; one that cannot is named in the log."""
    try:
        _record(folder)
        told = [pl.read_parquet_schema(folder / f"{name}.parquet") for name in ("checks", "quality")]
        _broken(folder)
    except (DamagedHome, OSError, TypeError, ValueError, KeyError, AttributeError, pl.exceptions.PolarsError) as error:
        log.warning("%s is left out: the record of that night cannot be read (%s)", folder, one_line(str(error)))
        return False
    return all(set(wanted) <= set(found) for wanted, found in zip((CHECKS, QUALITY), told, strict=True))


def _parquet(frame: pl.DataFrame) -> bytes:
    buffer = BytesIO()
    frame.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()
