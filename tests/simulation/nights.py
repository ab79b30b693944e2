"""Nights in processes of their own, which may be killed at any moment.

A stable process imports everything once and does nothing else: it never starts a thread, so that it may fork. Each
night is a fork of it, and so is each call of dbt, which is a subprocess in production too. A kill is SIGKILL.
"""

from __future__ import annotations

import functools
import gc
import logging
import multiprocessing as mp
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from .statbank import SPAWN, Victim

Kill = tuple[str, int]
"""At which ``request``, ``file`` operation of the night, or file operation of ``dbt``; counted from 1."""
FILE_EVENTS = frozenset(
    {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.listdir", "shutil.rmtree"}
)

LONGEST_NIGHT = 300
"""Real seconds; waiting takes none of them."""


@dataclass(frozen=True)
class Order:
    """One night that is to be.

    Attributes:
        started: on the simulated clock. home, project, url: of the run. kill: when the process is killed, or None.
    """

    started: datetime
    home: Path
    project: Path
    url: str
    kill: Kill | None = None


@dataclass
class Told:
    """What a night said when it was over.

    Attributes:
        killed: whether it never came that far. state, message, silent: of each fetch. typed: of each judgement.
        built, published: whether dbt ran, and whether a new file was swapped in. blocked: why not, or empty.
        error: of the night itself, with its trace. seconds: real ones, by step.
    """

    killed: bool = False
    state: dict[str, str] = field(default_factory=dict)
    message: dict[str, str] = field(default_factory=dict)
    silent: dict[str, str] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)
    built: bool = False
    published: bool = False
    blocked: str = ""
    error: str = ""
    seconds: dict[str, float] = field(default_factory=dict)


class Stable:
    """Owner's side of the process from which nights are forked.

    Args:
        log: file for what nights print. victim: memory shared with the Statbank, which kills at a request.
    """

    def __init__(self, log: Path, victim: Victim) -> None:
        self._pipe, theirs = SPAWN.Pipe()
        self._process = SPAWN.Process(target=_stable, args=(theirs, log, victim))
        self._process.start()
        theirs.close()

    def run(self, order: Order) -> Told:
        """One night; returns when its process has ended."""
        self._pipe.send(order)
        if not self._pipe.poll(LONGEST_NIGHT):
            self._process.kill()
            raise TimeoutError(f"the night has not ended after {LONGEST_NIGHT} s")
        told: Told = self._pipe.recv()
        return told

    def close(self) -> None:
        self._pipe.close()
        self._process.join(timeout=20)


def _stable(pipe: Any, log: Path, victim: Victim) -> None:
    _quiet(log)
    _warm()
    with suppress(EOFError):
        while True:
            pipe.send(_night_of_its_own(pipe.recv(), log, victim))


def _quiet(log: Path) -> None:
    """All that is printed, by whatever library, goes to a file that begins anew."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(handle, stream)
    os.close(handle)


def _warm() -> None:
    """Import what nights need, and use none of it.

    Not even the declarations are read here: that asks Polars, whose threads do not survive a fork.
    """
    os.environ |= {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1", "GX_ANALYTICS_ENABLED": "false"}
    import dbt.adapters.duckdb
    import great_expectations
    import great_expectations.expectations.registry
    from dbt.cli import main

    import k2025_pipeline.night
    import k2025_pipeline.warehouse.audit

    _ = (dbt, great_expectations, main, k2025_pipeline)
    gc.freeze()  # a fork that never looks at these objects never copies them


def _fork(work: Callable[[Any], None]) -> tuple[int, Any]:
    """Run work in a fork; returns its process and the pipe on which it tells."""
    ours, theirs = mp.Pipe()
    pid = os.fork()
    if pid:
        theirs.close()
        return pid, ours
    status = 1
    try:
        ours.close()
        work(theirs)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _night_of_its_own(order: Order, log: Path, victim: Victim) -> Told:
    os.truncate(log, 0)
    pid, pipe = _fork(lambda theirs: _child(order, theirs, victim))
    told = Told(killed=True)
    with suppress(EOFError, ConnectionResetError, BrokenPipeError):
        while (said := pipe.recv()) is not None:
            if isinstance(said, Told):
                told = said
            else:  # dbt is wanted: it needs a process without threads
                dbt, answers = _fork(partial(_dbt, order, pid, _parsed(order)))
                success: Any = None
                with suppress(EOFError):
                    success = answers.recv()
                os.waitpid(dbt, 0)
                pipe.send(success)
    _, status = os.waitpid(pid, 0)
    if not told.killed or os.waitstatus_to_exitcode(status) == -signal.SIGKILL:
        return told
    return Told(error=f"the night's process ended with status {status}; see {log}")


def _child(order: Order, pipe: Any, victim: Victim) -> None:
    kind, number = order.kill or ("", 0)
    victim.offer(os.getpid(), number if kind == "request" else 0)
    if kind == "file":
        _die_at_file(order.home, number, [os.getpid()])
    told = _night(order, pipe)
    victim.offer(0, 0)
    pipe.send(told)
    pipe.send(None)


def _die_at_file(home: Path, number: int, pids: list[int]) -> None:
    """Kill at the n-th thing that is about to be done to a file of the home."""
    left, below = number, str(home)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        if event in FILE_EVENTS and any(str(a).startswith(below) for a in arguments[:2] if isinstance(a, str | Path)):
            left -= 1
            if left == 0:
                for pid in pids:
                    os.kill(pid, signal.SIGKILL)

    sys.addaudithook(hook)


class Clock:
    """The simulated time of one night: real seconds go by, and waiting takes none of them.

    Args:
        started: when the night begins.
    """

    def __init__(self, started: datetime) -> None:
        self._offset = started.timestamp() - time.time()

    def time(self) -> float:
        return time.time() + self._offset

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time(), UTC)

    def sleep(self, seconds: float) -> None:
        self._offset += seconds


class Listener:
    """A reporter that writes down what it is told."""

    def __init__(self) -> None:
        self.told = Told()

    def fetched(self, outcome: Any) -> None:
        self.told.state[outcome.name] = outcome.state
        self.told.message[outcome.name] = outcome.message
        if outcome.silent_change:
            self.told.silent[outcome.name] = outcome.silent_change

    def typed(self, outcome: Any) -> None:
        self.told.typed[outcome.name] = outcome.state

    def building(self, layer: str, skipped: bool) -> None:
        self.told.built = not skipped

    def audited(self, results: list[Any], skipped: bool) -> None:
        broken = [f"{r.table}.{r.name}: {r.sample} {r.observed}" for r in results if r.blocking and not r.passed]
        self.told.blocked = "; ".join(broken)

    def published(self, result: Any, skipped: bool) -> None:
        self.told.published = not skipped


def _night(order: Order, pipe: Any) -> Told:
    """The steps of a night in the order of the job: fetch, judge, build, audit, publish."""
    from k2025_pipeline import night as module
    from k2025_pipeline.catalog import load_catalog
    from k2025_pipeline.lake import archive
    from k2025_pipeline.settings import Settings

    logging.basicConfig(level=logging.INFO, stream=sys.stderr, force=True)
    clock, listener = Clock(order.started), Listener()
    # What is dated by the day of the night, and not by the moment of the run, follows the simulated clock.
    archive._now = lambda: clock.now().isoformat(timespec="microseconds")
    module.Transport = partial(module.Transport, clock=clock.time)  # type: ignore[misc]
    settings = Settings(home=order.home, source=order.url, project_root=order.project)
    catalog = load_catalog(settings.schemas)
    night = module.Night(settings, catalog, listener, now=lambda: order.started, sleep=clock.sleep)
    marks, told = [("", time.monotonic())], listener.told

    def mark(step: str) -> None:
        marks.append((step, time.monotonic()))
        told.seconds[step] = marks[-1][1] - marks[-2][1]

    contracts = [*catalog.classifications.values(), *catalog.tables.values()]
    try:
        _ = night.home
        for contract in contracts:
            night.fetch(contract)
        mark("fetch")
        for contract in contracts:
            night.accept(contract)
        mark("accept")
        night.reporter.building("all", night.up_to_date)
        if not night.up_to_date:
            night.prepare_build()
            pipe.send("dbt")
            failed = pipe.recv()
            mark("dbt")
            if failed != "":
                told.blocked = f"dbt: {failed}"
                return told
        night.audit()
        mark("audit")
        if not told.blocked:
            night.publish()
            mark("publish")
    except Exception:
        told.error = traceback.format_exc()
    finally:
        night.close()
    return told


def _dbt_arguments(order: Order, *command: str) -> list[str]:
    project = str(order.project / "dbt")
    silent = ["--quiet", "--no-use-colors", "--log-level-file", "none"]
    return [*silent, *command, "--project-dir", project, "--profiles-dir", project]


@functools.cache
def _manifest(order: Order) -> Any:
    from dbt.cli.main import dbtRunner

    from k2025_pipeline import dbt_project
    from k2025_pipeline.lake.home import Home

    with dbt_project.exported(dbt_project.environment(Home(order.home))):
        return dbtRunner().invoke(_dbt_arguments(order, "parse")).result


def _parsed(order: Order) -> Any:
    """dbt's manifest: parsed once for all nights, since the project stays the same."""
    return _manifest(replace(order, started=datetime.min, kill=None))


def _dbt(order: Order, night: int, manifest: Any, pipe: Any) -> None:
    """All layers by one call of dbt, with the arguments and the environment of the job; tells what failed."""
    from dbt.cli.main import dbtRunner

    from k2025_pipeline import dbt_project
    from k2025_pipeline.lake.home import Home

    kind, number = order.kill or ("", 0)
    if kind == "dbt":
        _die_at_file(order.home, number, [night, os.getpid()])
    with dbt_project.exported(dbt_project.environment(Home(order.home))):
        done = dbtRunner(manifest).invoke(_dbt_arguments(order, "build", "--exclude-resource-type", "unit_test"))
    if done.success:
        pipe.send("")
        return
    results = getattr(done.result, "results", [])
    broken = [f"{r.node.name}: {r.message}" for r in results if r.status in ("error", "fail")]
    pipe.send("; ".join(broken) or str(done.exception))
