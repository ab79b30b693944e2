"""What the benchmarks share: a table of figures, timing side by side, memory of a process of its own.

Here belongs how something is measured. Not here: what is measured, and the documents that it is measured on.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

STATUS = Path("/proc/self/status")
RESET = Path("/proc/self/clear_refs")
PACKAGES = ("polars", "pyarrow", "orjson", "pyjstat", "pxwebpy")


@dataclass(frozen=True)
class Figure:
    """One line of the table: what was measured, what it came to, and what is wanted of it."""

    what: str
    measured: str
    wanted: str = ""


def show(figures: Iterable[Figure]) -> None:
    """Print figures as a Markdown table, below a line about the machine."""
    print(f"{conditions()}\n\n| what | measured | wanted |\n|---|---|---|")
    for figure in figures:
        print(f"| {figure.what} | {figure.measured} | {figure.wanted} |")


def conditions() -> str:
    """Date, cores and versions: what a ratio may depend on."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, Python {platform.python_version()}, {packages}"


class Times:
    """Seconds of several contenders, measured in turn so that each meets the same machine.

    Args:
        contenders: by name; what they return is dropped after the clock has stopped.
        rounds: how often each has its turn.
    """

    def __init__(self, contenders: dict[str, Callable[[], Any]], rounds: int) -> None:
        self._seconds: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(rounds):
            for name, work in contenders.items():
                self._seconds[name].append(_seconds(work))

    def best(self, name: str) -> float:
        """Fewest seconds of a contender."""
        return min(self._seconds[name])

    def ratio(self, slow: str, fast: str) -> str:
        """How many times as long ``slow`` takes: median over the rounds, then lowest and highest."""
        rounds = [a / b for a, b in zip(self._seconds[slow], self._seconds[fast], strict=True)]
        return f"{statistics.median(rounds):.1f} ({min(rounds):.1f}–{max(rounds):.1f})"


def _seconds(work: Callable[[], Any]) -> float:
    gc.collect()
    started = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - started
    del result
    return seconds


def alone(work: Callable[..., Any], *arguments: Any) -> Any:
    """Run ``work`` in a new process, so that its memory is its own, and return what it returns."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        return pool.submit(work, *arguments).result()


def memory(line: str) -> int:
    """Bytes on a line of this process's status: ``VmRSS`` now, ``VmHWM`` at most since :func:`forget_peak`.

    Unlike ``ru_maxrss``, ``VmHWM`` does not begin with the peak of the process that started this one.
    """
    found = next(text for text in STATUS.read_text().splitlines() if text.startswith(f"{line}:"))
    return int(found.split()[1]) * 1024


def forget_peak() -> int:
    """Let ``VmHWM`` begin anew; returns the bytes in use now."""
    gc.collect()
    RESET.write_text("5")
    return memory("VmRSS")
