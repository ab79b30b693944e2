"""Going back to a dated copy, and the pause of publication that begins with it.

Here belongs what `k2025 publish` does. Not here: keeping copies (``copies``) and the swap itself (``swap``).
Publication is paused because the next night would otherwise bring back what a person has just taken away.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from k2025_pipeline.lake.disk import told_plainly
from k2025_pipeline.lake.home import DamagedHome, Home, damaged, read_record, write_json
from k2025_pipeline.warehouse import contents, copies
from k2025_pipeline.warehouse.contents import quoted
from k2025_pipeline.warehouse.manifest import Published, Staged, file_hash, published, swapped
from k2025_pipeline.warehouse.swap import making_ready, swap

WENT_BACK = "going_back"
"""Cause, in ``public.indicator_history``, of a value that stands again because somebody went back to it."""
FIGURE = "indicator_id, definition_version, region_code, period"
LATEST = f"qualify row_number() over (partition by {FIGURE} order by published_at desc) = 1"
GO_BACK = f"""
with memory as (select * from read_parquet('{{memory}}')),
last_told as (select * from memory {LATEST}),
stands as (select * from copied.public.indicator_history {LATEST}),
told_again as (
    select {FIGURE}, stands.value, coalesce(stands.obs_status, 'L') as obs_status,
        coalesce(stands.vintage, last_told.vintage) as vintage, timestamptz '{{now}}' as published_at,
        '{WENT_BACK}' as cause
    from stands full join last_told using ({FIGURE})
    where stands.value is distinct from last_told.value
        or coalesce(stands.obs_status, 'L') is distinct from last_told.obs_status
)
select * from memory union all by name select * from told_again order by {FIGURE}, published_at
"""
"""What was published before, and what is told anew by going back: see docs/decisions/0025-going-back.md."""


class NoSuchCopy(Exception):
    """There is no copy of that date."""

    runbook = "going-back"


@dataclass(frozen=True)
class Hold:
    """A pause of publication.

    Attributes:
        since: ISO 8601, UTC. by, reason: who paused it, and why. left: when the file was published that was taken
            away; None where none stood. standing: the same of the file that stands instead.
    """

    since: str
    by: str
    reason: str
    left: str | None
    standing: str


def held(home: Home) -> Hold | None:
    """The pause of publication, or None while it goes on.

    Raises:
        DamagedHome: when there is one that cannot be read: nothing is published then.
    """
    waiting = swapped(home)
    return (read_record(waiting.hold, Hold) if waiting else None) or read_record(home.hold, Hold)


def go_back(home: Home, day: date, by: str, reason: str) -> tuple[Published | None, Published]:
    """Swap the copy of a date in, as a night swaps its new file in, and pause publication.

    Where it is the file that stands, publication is paused all the same: going back that was killed may be repeated.

    Args:
        home: held by this process. day: of the copy. by: who goes back. reason: why.

    Returns:
        The manifest of the file that stood, and that of the copy.

    Raises:
        NoSuchCopy: when there is none of that date. DamagedHome: when it is not the file that was published.
        DiskFull, UnwritableHome: when it could not be laid ready. In each case nothing was changed.
    """
    manifest = _sound_copy(home, day)
    standing, now = published(home), datetime.now(UTC)
    folder = copies.folder_of(home, day)
    with told_plainly(home.root), making_ready(home) as ready:
        copies.link(folder / copies.FILE, ready.file)
        contents.export(ready.file, ready.parquet)
        _remember(home, ready, now)
        if (folder / copies.AUDIT).exists():
            shutil.copyfile(folder / copies.AUDIT, ready.audit)
        else:
            write_json(ready.audit, [])
        since = now.isoformat(timespec="seconds")
        hold = Hold(since, by, reason, standing.published_at if standing else None, manifest.published_at)
        write_json(ready.hold, asdict(hold))
        swap(home, ready, manifest)
    return standing, manifest


def resume(home: Home) -> Hold | None:
    """Let publication go on.

    Returns:
        The pause that ended, or None where there was none.
    """
    ended = held(home)
    with told_plainly(home.root):
        home.hold.unlink(missing_ok=True)
    return ended


def _sound_copy(home: Home, day: date) -> Published:
    found = copies.available(home)
    if day not in found:
        known = ", ".join(d.isoformat() for d in found) or "none"
        raise NoSuchCopy(f"There is no copy of {day.isoformat()} in {home.copies}. There are: {known}.")
    file: Path = copies.folder_of(home, day) / copies.FILE
    if file_hash(file) != found[day].sha256:
        raise DamagedHome(
            f"{file} is not the file that was published on that date (its sha256 is another). "
            "Choose another date; `k2025 publish --list` shows them. Nothing was changed."
        )
    return found[day]


def _remember(home: Home, ready: Staged, now: datetime) -> None:
    """Add to what was published before that the values of the copy stand again, from now on."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{quoted(ready.file)}' as copied (read_only)")
        told = "select * from copied.public.indicator_history"
        if home.published_values.exists():
            _see_readable(connection, home.published_values)
            told = GO_BACK.format(memory=quoted(home.published_values), now=now.isoformat())
        connection.execute(f"copy ({told}) to '{quoted(ready.values)}' (format parquet, compression zstd)")


def _see_readable(connection: duckdb.DuckDBPyConnection, memory: Path) -> None:
    try:
        connection.execute(f"select count(*) from read_parquet('{quoted(memory)}')")
    except duckdb.Error as error:
        raise damaged(memory, " ".join(str(error).split())) from error
