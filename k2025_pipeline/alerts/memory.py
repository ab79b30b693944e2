"""What was told, to whom, and what is still owed: ``alerts.json`` in the home.

Here belongs the file and what it means. Not here: what is news (``causes``). A memory that cannot be read or written
never silences an alert: it is told as a problem, and something may be told twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock

from k2025_pipeline.alerts.causes import Cause, Judged, Told, page, still_open
from k2025_pipeline.lake.home import DamagedHome, Home, read_json, write_json

FILE, LOCK = "alerts.json", ".alerts.lock"


@dataclass
class Owed:
    """Something that is to be told and has not reached everybody.

    Attributes:
        kind: a night's causes, or the sign of life. at: when it was to be told, ISO 8601. channels: still waiting.
        run_id: of Dagster. failure: what Dagster said of a failed run.
    """

    kind: Literal["night", "weekly"]
    at: str
    channels: list[str]
    run_id: str | None = None
    failure: str | None = None


@dataclass
class ChannelMemory:
    """What one channel knows.

    Attributes:
        told: by key of the cause. resolved: pages that ended since the last message. weekly: date of the last sign of
            life, ISO 8601, or empty.
    """

    told: dict[str, Told] = field(default_factory=dict)
    resolved: list[str] = field(default_factory=list)
    weekly: str = ""


@dataclass
class Memory:
    """The whole file.

    Attributes:
        channels: by name. owed: oldest first. seen: the newest night that was looked at.
        problems: why the file could not be read or written; not part of it.
    """

    channels: dict[str, ChannelMemory] = field(default_factory=dict)
    owed: list[Owed] = field(default_factory=list)
    seen: str = ""
    problems: list[str] = field(default_factory=list)
    _path: Path | None = None

    def of(self, channel: str) -> ChannelMemory:
        """What this channel knows."""
        return self.channels.setdefault(channel, ChannelMemory())

    def notice(self, night: Judged) -> None:
        """Take note of what is mended tonight; an older night than the newest says nothing about now."""
        if night.night < self.seen or night.record is None:
            return
        self.seen = night.night
        for known in self.channels.values():
            left = still_open(known.told, night.broken, night.passed, night.complete)
            over = {page(key) for key in known.told} - {page(key) for key in left}
            back = {cause.page for cause in night.causes}
            known.resolved = sorted({*known.resolved, *over} - back)
            known.told = left

    def owe(self, owed: Owed) -> None:
        """Take note of what is to be told; a run that is told twice is owed once."""
        same = [o for o in self.owed if owed.run_id is not None and o.run_id == owed.run_id]
        for earlier in same:
            self.owed.remove(earlier)
        self.owed.append(owed)

    def remember(self, channel: str, night: Judged, cause: Cause) -> None:
        """Take note of what was told on a channel; the counts of a later night stand."""
        known = self.of(channel)
        earlier = known.told.get(cause.key)
        if earlier is not None and earlier.date > night.date:
            return
        known.told[cause.key] = Told(night.date, night.night, cause.members)
        known.resolved = []

    def save(self) -> None:
        """Write the file; a failure is kept in :attr:`problems`."""
        if self._path is None:
            return
        content = {
            "channels": {name: asdict(known) for name, known in self.channels.items()},
            "owed": [asdict(owed) for owed in self.owed],
            "seen": self.seen,
        }
        try:
            write_json(self._path, content)
        except OSError as error:
            self._doubt(f"cannot be written ({error.strerror or type(error).__name__})")

    def _doubt(self, problem: str) -> None:
        told = f"{FILE} {problem}: something may be told twice."
        if told not in self.problems:
            self.problems.append(told)


@contextmanager
def opened(home: Home) -> Iterator[Memory]:
    """The memory, held by one teller at a time; it is saved at the end."""
    lock = FileLock(home.root / LOCK)
    held = _acquire(lock)
    try:
        memory = read(home)
        if held:
            memory.problems.append(held)
        yield memory
        memory.save()
    finally:
        lock.release()


def _acquire(lock: FileLock) -> str:
    """Wait for the lock; say why it cannot be had where the home cannot be written."""
    try:
        lock.acquire()
    except OSError as error:
        return f"{LOCK} cannot be written ({error.strerror or type(error).__name__}): something may be told twice."
    return ""


def read(home: Home) -> Memory:
    """The memory as it lies in the home; an empty one where there is none or it is damaged."""
    path = home.root / FILE
    empty = Memory(_path=path)
    try:
        content = read_json(path)
        return empty if content is None else _decoded(content, path)
    except (DamagedHome, OSError, TypeError, KeyError, AttributeError) as error:
        empty._doubt(f"cannot be read ({type(error).__name__}) and is begun anew")
        return empty


def _decoded(content: dict[str, Any], path: Path) -> Memory:
    channels = {
        name: ChannelMemory(
            {key: Told(**told) for key, told in known["told"].items()}, list(known["resolved"]), known["weekly"]
        )
        for name, known in content["channels"].items()
    }
    return Memory(channels, [Owed(**owed) for owed in content["owed"]], content["seen"], _path=path)
