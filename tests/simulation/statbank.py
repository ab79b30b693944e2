"""The local Statbank in a process of its own, told by its owner what to serve and what goes wrong.

A process of its own, because a night is killed there at a request, and because what forks has no threads.
"""

from __future__ import annotations

import multiprocessing as mp
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

from k2025_pipeline.demo.injection import Fault
from k2025_pipeline.demo.server import LocalStatbank

SPAWN = mp.get_context("spawn")
MANY = 1_000_000
CELL_LIMIT = 5_000


class Victim:
    """Memory that two processes share: which process the Statbank kills, and at which request from now."""

    def __init__(self) -> None:
        self.pid = SPAWN.Value("q", 0)
        self.requests_left = SPAWN.Value("q", 0)

    def offer(self, pid: int, requests: int) -> None:
        """The process ``pid`` is killed when that many requests have come; never where it is 0."""
        self.pid.value, self.requests_left.value = pid, requests

    def strike(self) -> None:
        """Count a request and kill the victim when it is time."""
        if self.requests_left.value > 0:
            self.requests_left.value -= 1
            if self.requests_left.value == 0:
                with suppress(ProcessLookupError):
                    os.kill(self.pid.value, signal.SIGKILL)


class Statbank:
    """The owner's side.

    Args:
        folder: what is served first. victim: see :class:`Victim`.
    """

    def __init__(self, folder: Path, victim: Victim) -> None:
        self._pipe, theirs = SPAWN.Pipe()
        self._process = SPAWN.Process(target=_run, args=(theirs, folder, victim), daemon=True)
        self._process.start()
        self.url = str(self._pipe.recv())

    def serve(self, folder: Path) -> None:
        """Serve another folder from the next request on."""
        self._ask("serve", folder)

    def strike(self, faults: list[Fault]) -> None:
        """Inject these faults from the next request on, and forget the log."""
        self._ask("faults", faults)

    def log(self) -> list[tuple[str, str, str | None]]:
        """Stage, id and fault of every request since :meth:`strike`."""
        return [tuple(line) for line in self._ask("log", None)]

    def close(self) -> None:
        self._pipe.close()
        self._process.join(timeout=20)

    def _ask(self, what: str, about: Any) -> Any:
        self._pipe.send((what, about))
        return self._pipe.recv()


def _run(pipe: Any, folder: Path, victim: Victim) -> None:
    with LocalStatbank(
        folder, on_request=lambda *_: victim.strike(), rate_limit=MANY, cell_limit=CELL_LIMIT
    ) as statbank:
        pipe.send(statbank.url)
        with suppress(EOFError):
            while True:
                what, about = pipe.recv()
                answer: Any = None
                if what == "serve":
                    statbank.serve(about)
                elif what == "faults":
                    statbank.faults = about
                    statbank.log.clear()
                else:
                    answer = [tuple(line) for line in statbank.log]
                pipe.send(answer)
