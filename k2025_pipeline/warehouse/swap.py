"""The swap: a publication that lies ready takes the place of the one that stands, whole or not at all.

Here belong the order of the steps, and finishing them after a kill. Not here: making the publication ready
(``publish``, ``going_back``). The database is renamed into place, so that readers of the old one keep it and the next
ones find the new one. Until that rename nothing has happened; after it the other parts follow, by :func:`recover` if
need be.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from k2025_pipeline.lake.disk import sync
from k2025_pipeline.lake.home import Home
from k2025_pipeline.warehouse import copies
from k2025_pipeline.warehouse.manifest import (
    Published,
    Staged,
    manifest_file,
    staged,
    swapped,
    write_manifest,
)


@contextmanager
def making_ready(home: Home) -> Iterator[Staged]:
    """An empty place for a publication; what was made there is removed if it fails, and gives its space back."""
    forget(home)
    place = staged(home)
    place.folder.mkdir(parents=True)
    try:
        yield place
    except BaseException:
        if swapped(home) is None:
            forget(home)
        raise


def swap(home: Home, ready: Staged, manifest: Published) -> None:
    """Put what lies ready in the place of what stands.

    Args:
        home: where. ready: every part but the manifest. manifest: of the new file.
    """
    ready.file.chmod(0o444)
    for path in (ready.file, *(p for p in ready.parquet.iterdir()), *(p for p in _small(ready) if p.exists())):
        sync(path)
    write_manifest(ready.manifest, manifest)
    if not _has_copy(home, manifest):
        copies.prepare(home, ready, manifest.day)
    sync(ready.folder)
    # A second name stays behind: a rename between two names of one file, as when a person goes back to the file that
    # stands, does nothing.
    ready.file.replace(home.warehouse)
    _finish(home, ready)


def recover(home: Home) -> None:
    """Finish a publication that was killed after its file was swapped in, or forget one that was killed before."""
    waiting = swapped(home)
    if waiting is not None:
        _finish(home, waiting)
    else:
        forget(home)


def forget(home: Home) -> None:
    """Remove what was made ready and never swapped in."""
    _remove(staged(home).folder)
    copies.forget_unfinished(home)


def _finish(home: Home, ready: Staged) -> None:
    """The steps after the swap of the file; each can be done again. The manifest is the last."""
    sync(home.root)
    if ready.parquet.exists():
        _swap_folder(ready.parquet, home.public)
    _remove(home.public.with_name(f"{home.public.name}.old"))
    for part, place in ((ready.values, home.published_values), (ready.audit, home.audit_results)):
        _move(part, place)
    _move(ready.hold, home.hold)
    copies.place(home)
    ready.manifest.replace(manifest_file(home))
    sync(home.root)
    forget(home)


def _small(ready: Staged) -> list[Path]:
    return [ready.values, ready.audit, ready.hold]


def _has_copy(home: Home, manifest: Published) -> bool:
    standing = copies.available(home).get(manifest.day)
    return standing is not None and standing.sha256 == manifest.sha256


def _move(part: Path, place: Path) -> None:
    if part.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        part.replace(place)
        sync(place.parent)


def _swap_folder(new: Path, place: Path) -> None:
    """Put a folder in the place of another; the old one is gone only when the new one stands."""
    old = place.with_name(f"{place.name}.old")
    _remove(old)
    if place.exists():
        place.rename(old)
    new.rename(place)
    _remove(old)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
