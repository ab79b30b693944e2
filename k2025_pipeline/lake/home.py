"""The home: one folder with everything written, and the one source that it belongs to.

Here belong paths, atomic writes and the rule that figures of two sources never share a home.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import orjson
from filelock import FileLock, Timeout

from k2025_pipeline.lake.disk import see_writable, told_plainly

Record = TypeVar("Record")


class WrongSource(Exception):
    """The home belongs to another source."""

    runbook = "wrong-source"


class DamagedHome(Exception):
    """A file of the home cannot be read."""

    runbook = "damaged-home"


class HomeBusy(Exception):
    """Another run holds the home."""

    runbook = "home-locked"


@dataclass(frozen=True)
class Home:
    """Paths below ``K2025_HOME``."""

    root: Path

    @property
    def raw(self) -> Path:
        """Answers as received."""
        return self.root / "raw"

    @property
    def typed(self) -> Path:
        """Typed Parquet per table and vintage."""
        return self.root / "typed"

    @property
    def build(self) -> Path:
        """The warehouse under construction, and dbt's own files."""
        return self.root / "build"

    @property
    def build_file(self) -> Path:
        """The database that dbt builds."""
        return self.build / "build.duckdb"

    @property
    def warehouse(self) -> Path:
        """The published file."""
        return self.root / "warehouse.duckdb"

    @property
    def public(self) -> Path:
        """Published Parquet, a file per public table."""
        return self.root / "public"

    @property
    def published_values(self) -> Path:
        """What was published before: a row per change of an indicator's value or status."""
        return self.root / "published" / "indicator_values.parquet"

    @property
    def reports(self) -> Path:
        """Data Docs and other pages for people."""
        return self.root / "reports"

    @property
    def changes_page(self) -> Path:
        """What is new since the last publication, as Markdown."""
        return self.reports / "changes.md"

    @property
    def nights(self) -> Path:
        """How each night went: a folder per night."""
        return self.root / "nights"

    @property
    def copies(self) -> Path:
        """Dated copies of the published file."""
        return self.root / "published" / "copies"

    @property
    def hold(self) -> Path:
        """Who paused publication, when and why; no file while it goes on."""
        return self.root / "published" / "hold.json"

    @property
    def audit_results(self) -> Path:
        """How the published file was judged before it was let through."""
        return self.root / "audit.json"

    @property
    def dagster(self) -> Path:
        """Dagster's instance."""
        return self.root / "dagster"

    @property
    def demo(self) -> Path:
        """Generated tables of the demo Statbank."""
        return self.root / "demo"

    @property
    def inputs(self) -> Path:
        """Files that people lay down: figures that only they have."""
        return self.root / "inputs"

    @property
    def bound_source(self) -> str | None:
        """The source that the home is bound to, as ``--source`` takes it, or None."""
        bound = self._bound()
        return bound.removeprefix("folder:") if bound is not None else None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the home for one run; runs of this machine exclude each other.

        Raises:
            HomeBusy: when another process holds it.
            UnwritableHome: when it may not be written; nothing was changed. DiskFull: when space ran out meanwhile.
        """
        with told_plainly(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            see_writable(self.root)
            with self._locked():
                yield

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = FileLock(self.root / ".lock", is_singleton=True, thread_local=False)
        holder = self.root / "holder.json"
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            who = _said_by(holder)
            raise HomeBusy(
                f"{self.root} is being refreshed by process {who['process']} since {who['since']}. "
                "Wait until it has ended; nothing was changed."
            ) from error
        try:
            write_json(holder, {"process": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")})
            yield
        finally:
            lock.release()

    def claim(self, source: str) -> None:
        """Bind the home to a source, or see that it is bound to this one.

        Args:
            source: identity of the source, e.g. ``demo``, ``live`` or ``folder:/data/tables``.

        Raises:
            WrongSource: when the home was filled from another source.
        """
        self.check_source(source)
        if self.bound_source is None:
            write_json(self.root / "source.json", {"source": source})

    @property
    def _is_filled(self) -> bool:
        """Whether figures of a source lie in the home."""
        return self.warehouse.exists() or (self.typed.is_dir() and any(self.typed.iterdir()))

    def _bound(self) -> str | None:
        path = self.root / "source.json"
        found = read_mapping(path)
        if found is None:
            return None
        if not isinstance(found.get("source"), str):
            raise damaged(path, "it names no `source`")
        return str(found["source"])

    def check_source(self, source: str) -> None:
        """See that the home is not bound to another source; see :meth:`claim`.

        Raises:
            WrongSource: when it is. DamagedHome: when it holds figures, and does not say of which source.
        """
        bound = self._bound()
        if bound is None and self._is_filled:
            raise DamagedHome(
                f"{self.root / 'source.json'} is missing, and {self.root} holds figures already: of which source is "
                'not known. Restore the file from a backup, or write it where you know: {"source": "live"} or the like.'
            )
        if bound is not None and bound != source:
            raise WrongSource(
                f"{self.root} holds figures from «{bound}»; it cannot be refreshed from «{source}», "
                "because generated, recorded and live figures must never mix. Choose another home, "
                f"e.g. K2025_HOME={self.root}-{source.split(':')[0]}, or remove {self.root} first."
            )


def _said_by(holder: Path) -> dict[str, Any]:
    """Who holds the home, as far as its file can be read: that it is held is known without it."""
    unknown = {"process": "unknown", "since": "unknown"}
    try:
        said = read_json(holder)
    except DamagedHome:
        return unknown
    return unknown | said if isinstance(said, dict) else unknown


def write_bytes(path: Path, content: bytes, read_only: bool = False) -> None:
    """Write a whole file or nothing: to a temporary name beside it, then renamed."""
    with told_plainly(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(0o444 if read_only else 0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def write_json(path: Path, content: Any) -> None:
    """Write JSON atomically, indented for people."""
    write_bytes(path, orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def read_json(path: Path) -> Any | None:
    """Read JSON, or None where there is no file."""
    try:
        return orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except orjson.JSONDecodeError as error:
        raise damaged(path, str(error)) from error


RESTORE = "Restore it from a backup, or do as the page of the runbook says."


def damaged(path: Path, why: str, advice: str = RESTORE) -> DamagedHome:
    """The error of a file that is not what this program writes there."""
    return DamagedHome(f"{path} is damaged ({why}). {advice}")


def read_mapping(path: Path) -> dict[str, Any] | None:
    """Read a JSON object, or None where there is no file.

    Raises:
        DamagedHome: when the file holds anything else.
    """
    found = read_json(path)
    if isinstance(found, dict):
        return found
    if found is None and not path.exists():
        return None
    raise damaged(path, "it is no JSON object")


def read_record(path: Path, kind: type[Record], advice: str = RESTORE) -> Record | None:
    """Read a record that was written as JSON, or None where there is no file; fields of another version are left out.

    Args:
        path: of the file. kind: a dataclass. advice: what to do where the file holds no such record.

    Raises:
        DamagedHome: when the file holds no such record.
    """
    try:
        found = read_mapping(path)
    except DamagedHome as error:
        raise damaged(path, "it is no JSON object", advice) from error
    if found is None:
        return None
    known = {attribute.name for attribute in fields(kind)}  # type: ignore[arg-type]
    try:
        return kind(**{name: value for name, value in found.items() if name in known})
    except TypeError as error:
        raise damaged(path, f"it is no such record: {error}", advice) from error


def append_line(path: Path, content: Any) -> None:
    """Append one JSON object as a line and see it on the disk before going on."""
    with told_plainly(path.parent):
        _append(path, orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE))


def _append(path: Path, line: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        if file.tell() and not _ends_with_newline(file):
            file.write(b"\n")  # a kill cut the last line: it must not swallow this one
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def read_lines(path: Path) -> list[Any]:
    """Lines written by :func:`append_line`; one that a kill left unfinished does not count."""
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    return [found for line in lines if (found := _whole(line)) is not None]


def _ends_with_newline(file: BinaryIO) -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def _whole(line: bytes) -> Any | None:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
