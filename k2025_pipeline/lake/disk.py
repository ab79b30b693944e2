"""What a disk refuses, told as one sentence, and writes that are on the disk before one goes on.

Here belongs recognising a full or a write-protected disk, whichever library met it: Python says it by number, DuckDB,
SQLite, Polars and dbt in words of their own. Not here: where files lie (``home``).
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FULL = {errno.ENOSPC, errno.EDQUOT}
REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}
NO_FOLDER = {errno.ENOTDIR, errno.EEXIST}
ALMOST_NOTHING = 16 * 1024**2
"""Bytes: less than dbt writes about itself."""
SAYS_FULL = ("no space left on device", "disk quota exceeded", "disk is full", "max_temp_directory_size")
SAYS_REFUSED = ("read-only file system", "permission denied", "operation not permitted")


class DiskFull(Exception):
    """There is no space left where the home lies."""

    runbook = "disk-full"


class UnwritableHome(Exception):
    """The home may not be written."""

    runbook = "unwritable-home"


@contextmanager
def told_plainly(root: Path) -> Iterator[None]:
    """Turn an error that means a full or a write-protected disk into a sentence.

    Args:
        root: the folder that was to be written in.

    Raises:
        DiskFull: when there was no space. UnwritableHome: when writing was refused. Any other error as it is.
    """
    try:
        yield
    except (DiskFull, UnwritableHome):
        raise
    except Exception as error:
        known = meaning(error, root)
        if known is None:
            raise
        raise known from error


def meaning(error: BaseException, root: Path) -> DiskFull | UnwritableHome | None:
    """What an error, or one that it followed from, says about the disk of ``root``; None where it is about another."""
    known = _by_number(error, root) or told_in(str(error), root)
    before = error.__cause__ or error.__context__
    return known if known or before is None else meaning(before, root)


def told_in(text: str, root: Path) -> DiskFull | UnwritableHome | None:
    """The same, of what another program wrote."""
    words = text.lower()
    if any(sign in words for sign in SAYS_FULL):
        return disk_full(root)
    if str(root) in text and any(sign in words for sign in SAYS_REFUSED):
        return unwritable(root)
    return None


def disk_full(root: Path) -> DiskFull:
    """The sentence, with the space that is left."""
    free = shutil.disk_usage(root).free / 1e6
    return DiskFull(
        f"{root}: the disk is full ({free:.0f} MB are left). What was published stands as it was, and what was fetched "
        "is kept. Make space, then run `k2025 refresh` again."
    )


def is_full(folder: Path) -> bool:
    """Whether so little is left that a program which wrote there may have ended for it."""
    return shutil.disk_usage(folder).free < ALMOST_NOTHING


def unwritable(place: Path) -> UnwritableHome:
    """The sentence, with whom the refusal concerns."""
    return UnwritableHome(
        f"{place} cannot be written by the user with number {os.geteuid()}. What was published stands as it was. "
        "Give that user the right to write there, mount the disk for writing, or choose another K2025_HOME."
    )


def see_writable(root: Path) -> None:
    """See that a folder and the folders in it can be written, before anything is changed.

    Raises:
        UnwritableHome: for the first one that cannot.
    """
    for folder in [root, *sorted(path for path in root.iterdir() if path.is_dir())]:
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise unwritable(folder)


def sync(path: Path) -> None:
    """See a file, or the names in a folder, on the disk before going on."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _by_number(error: BaseException, root: Path) -> DiskFull | UnwritableHome | None:
    if not isinstance(error, OSError):
        return None
    if error.errno in FULL:
        return disk_full(root)
    place = root if error.filename is None else Path(os.fsdecode(error.filename))
    if not place.is_relative_to(root) and not root.is_relative_to(place):
        return None
    if error.errno in NO_FOLDER:
        return UnwritableHome(f"{place}: a file is in the way of a folder. Move it, or choose another K2025_HOME.")
    return unwritable(place) if error.errno in REFUSED else None
