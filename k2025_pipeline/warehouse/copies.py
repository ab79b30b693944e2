"""Dated copies of the published file: ``published/copies/<date>/``, each with its manifest and how it was judged.

Here belongs keeping and forgetting them. Not here: going back to one (``going_back``). The published file is never
written again, so a copy is a second name of it where the disk has such (a hard link), and costs nothing.
"""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from k2025_pipeline.catalog.quality import Retention
from k2025_pipeline.lake.disk import sync
from k2025_pipeline.lake.home import DamagedHome, Home
from k2025_pipeline.warehouse.manifest import Published, Staged, read_manifest

log = logging.getLogger(__name__)

DATED = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])")
FILE, MANIFEST, AUDIT = "warehouse.duckdb", "warehouse.json", "audit.json"


def kept(days: Iterable[date], rules: Retention) -> set[date]:
    """Which copies stay: those of the latest dates, and of older ones the first of each of the latest months.

    Args:
        days: dates of all copies. rules: how many of both.
    """
    newest_first = sorted(days, reverse=True)
    nights, older = newest_first[: rules.nights], newest_first[rules.nights :]
    first_of_month = {(day.year, day.month): day for day in older}
    return {*nights, *list(first_of_month.values())[: rules.months]}


def available(home: Home) -> dict[date, Published]:
    """Manifests of the copies by date, the oldest first; a copy that is damaged is left out with a warning."""
    found = {}
    for folder in sorted(folder for folder in home.copies.glob("*") if DATED.fullmatch(folder.name)):
        try:
            manifest = read_manifest(folder / MANIFEST, "Nobody can go back to that copy; the others are whole.")
        except DamagedHome as error:
            log.warning("The copy of %s is left out: %s", folder.name, error)
            continue
        if manifest is not None and (folder / FILE).exists():
            found[date.fromisoformat(folder.name)] = manifest
    return found


def folder_of(home: Home, day: date) -> Path:
    """Where the copy of a date lies."""
    return home.copies / day.isoformat()


def prepare(home: Home, staged: Staged, day: date) -> None:
    """Lay the copy of a publication ready before its file is swapped in: what takes space is done first."""
    waiting = home.copies / f".{day.isoformat()}"
    waiting.mkdir(parents=True)
    link(staged.file, waiting / FILE)
    for origin, name in ((staged.audit, AUDIT), (staged.manifest, MANIFEST)):
        if origin.exists():
            shutil.copyfile(origin, waiting / name)
            sync(waiting / name)
    sync(waiting)


def place(home: Home) -> None:
    """Give the copy that lies ready its name, if there is one; of several on one date the last one stays."""
    for waiting in home.copies.glob(".????-??-??"):
        standing = home.copies / waiting.name.removeprefix(".")
        old = home.copies / f"{waiting.name}.old"
        if standing.exists():
            shutil.rmtree(old, ignore_errors=True)
            standing.rename(old)
        waiting.rename(standing)
        sync(home.copies)


def forget_unfinished(home: Home) -> None:
    """Remove what a kill left between the copies."""
    for leftover in home.copies.glob(".[0-9]*"):
        shutil.rmtree(leftover)


def prune(home: Home, rules: Retention) -> list[date]:
    """Remove the copies that the rules do not keep.

    Returns:
        Their dates.
    """
    days = set(available(home))
    gone = sorted(days - kept(days, rules))
    for day in gone:
        # Renamed first: a copy is whole or it is not there, also where this is killed.
        leftover = home.copies / f".{day.isoformat()}.old"
        folder_of(home, day).rename(leftover)
        shutil.rmtree(leftover)
    return gone


def link(origin: Path, target: Path) -> None:
    """A second name of a file that is never written again, or a copy where the disk has no second names."""
    try:
        target.hardlink_to(origin)
    except OSError:
        shutil.copyfile(origin, target)
        target.chmod(0o444)
        sync(target)
