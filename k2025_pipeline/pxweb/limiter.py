"""How often a host is called: a moving window per host, shared by the processes of a machine.

Here belongs waiting for one's turn. Not here: waiting after a refusal (``transport``), or the time of day
(``hours``). The window is pyrate-limiter's; in a folder it is a SQLite file behind a lock file, per host.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from pyrate_limiter import InMemoryBucket, Rate, RateItem, SQLiteBucket

from k2025_pipeline.pxweb.errors import LimitsUnavailable

DOCUMENTED_LIMIT = (30, 60)
"""Calls and seconds that SSB documents; used until an answer announces something else."""
SHARE_OF_LIMIT = 0.75
"""What is used of an announced limit: it is counted per IP address and may be shared."""
FEWEST_REMAINING = 1
"""With so few calls left in the source's own count, the next one waits for a new window."""
LONGEST_WINDOW = 3600
"""Seconds. A longer window is taken for nonsense, since waiting for it would outlast the night."""
KEPT_SECONDS = 3600
"""How long a call stands in a shared file, so that a process with a longer window finds it."""
LOCK_SECONDS = 60.0
POLICY = re.compile(r"\s*(\d{1,9})\s*;\s*w=(\d{1,9})\s*s?\s*(?:$|[;,])", re.ASCII)
NUMBER = re.compile(r"\s*(\d{1,9})\s*$", re.ASCII)

Bucket = InMemoryBucket | SQLiteBucket


def shared_folder() -> Path:
    """The folder through which all processes of this user on this machine share their limits.

    Raises:
        LimitsUnavailable: when it cannot be made, or belongs to somebody else.
    """
    folder = Path(tempfile.gettempdir()) / f"k2025-limits-{os.getuid()}"
    _make(folder)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise LimitsUnavailable(f"{folder}: belongs to somebody else. Remove it, or set TMPDIR to a folder of yours.")
    folder.chmod(0o700)
    return folder


class RateLimiter:
    """Lets calls to a host through as fast as it allows.

    Args:
        folder: where processes share their limits; None for this object alone. A host on loopback is always
            limited alone: a local Statbank belongs to its process and has a new port each time.
        sleep: waits that many seconds. now: seconds since 1970; processes that share must agree on it.

    Raises:
        LimitsUnavailable: when the folder cannot be written.
    """

    def __init__(
        self,
        folder: Path | None = None,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        if folder is not None:
            _make(folder)
        self._folder = folder
        self._sleep = sleep
        self._now = now
        self._limits: dict[str, tuple[int, int]] = {}
        self._buckets: dict[str, Bucket] = {}
        self._held_until: dict[str, float] = {}
        self._lock = threading.Lock()

    def wait(self, host: str) -> None:
        """Wait until one more call to ``host`` is allowed, and count it.

        Raises:
            LimitsUnavailable: when the shared file cannot be written or read.
        """
        with self._lock:
            held = self._held_until.pop(host, 0.0) - self._now()
            if held > 0:
                self._sleep(min(held, LONGEST_WINDOW))
            try:
                self._take_turn(host)
            except (sqlite3.Error, OSError) as error:
                raise LimitsUnavailable(_unusable(self._folder, error)) from error

    def learn(self, host: str, headers: Mapping[str, str]) -> None:
        """Obey what ``x-ratelimit-policy: 40;w=60s``, ``-limit`` and ``-remaining`` announce.

        A limit of 0 is not «unlimited» and is ignored.

        Args:
            host: that answered. headers: with lower-case names.
        """
        policy = POLICY.match(headers.get("x-ratelimit-policy", ""))
        known = self._limits.get(host, DOCUMENTED_LIMIT)[1]
        calls, seconds = (int(policy[1]), int(policy[2])) if policy else (0, known)
        limit = _number(headers.get("x-ratelimit-limit"))
        self.adopt(host, min(filter(None, (calls, limit)), default=0), seconds)
        remaining = _number(headers.get("x-ratelimit-remaining"))
        if remaining is not None and remaining <= FEWEST_REMAINING:
            self._held_until[host] = self._now() + (seconds if 0 < seconds <= LONGEST_WINDOW else known)

    def adopt(self, host: str, calls: object, seconds: object) -> None:
        """Take over a share of an announced limit, if it tells something.

        Args:
            host: that announces it. calls: in a window. seconds: length of the window.
        """
        if type(calls) is not int or type(seconds) is not int or calls <= 0 or not 0 < seconds <= LONGEST_WINDOW:
            return
        limit = (max(1, int(calls * SHARE_OF_LIMIT)), seconds)
        if limit == self._limits.get(host):
            return
        self._limits[host] = limit
        if host in self._buckets:
            self._buckets[host].rates = [_rate(limit)]

    def _take_turn(self, host: str) -> None:
        bucket = self._buckets.get(host) or self._open(host)
        window = bucket.rates[0].interval
        while True:
            item = RateItem("call", int(self._now() * 1000))
            if bucket.put(item):
                break
            milliseconds = cast(int, bucket.waiting(item))
            if milliseconds > window + 1000:
                # Calls from the future: somebody set the clock back. They say nothing about the last minute.
                bucket.flush()
                continue
            self._sleep(max(milliseconds, 1) / 1000)
        self._forget_old(bucket, item.timestamp)

    def _forget_old(self, bucket: Bucket, now: int) -> None:
        """Drop calls that no longer count, so that neither memory nor file grows."""
        if isinstance(bucket, SQLiteBucket):
            bucket.leak(now - KEPT_SECONDS * 1000)
        elif len(bucket.items) >= bucket.rates[0].limit:
            bucket.leak(now)

    def _open(self, host: str) -> Bucket:
        rates = [_rate(self._limits.get(host, DOCUMENTED_LIMIT))]
        if self._folder is None or _is_loopback(host):
            bucket: Bucket = InMemoryBucket(rates)
        else:
            path = self._folder / _file_name(host)
            bucket = SQLiteBucket.init_from_file(rates, table="calls", db_path=str(path), use_file_lock=True)
            bucket.lock.timeout = LOCK_SECONDS  # type: ignore[attr-defined]
        self._buckets[host] = bucket
        return bucket


def _rate(limit: tuple[int, int]) -> Rate:
    calls, seconds = limit
    return Rate(calls, seconds * 1000)


def _number(text: str | None) -> int | None:
    found = NUMBER.match(text or "")
    return int(found[1]) if found else None


def _is_loopback(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _file_name(host: str) -> str:
    """A name that is safe in a folder, readable, and different for different hosts."""
    readable = re.sub(r"[^a-z0-9.-]", "_", host.lower())[:60].lstrip(".")
    return f"{readable}-{hashlib.sha256(host.lower().encode()).hexdigest()[:12]}.sqlite"


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise LimitsUnavailable(_unusable(folder, error)) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise LimitsUnavailable(_unusable(folder, PermissionError("no permission to write")))


def _unusable(folder: Path | None, error: Exception) -> str:
    return (
        f"{folder}: the limits shared with other processes cannot be kept there ({error}). "
        "Make the folder writable or remove it, or set TMPDIR to one that is."
    )
