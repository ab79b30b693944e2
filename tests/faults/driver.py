"""A warm process that runs nights in children of its own, which may be killed at any moment.

It reads one JSON line per run from its input, forks, writes the child's process id, and writes how the child ended.
Importing takes seconds and forking milliseconds. Nothing that starts Polars' threads may run here before the fork,
since a child has only the one that forked: the catalog comes pickled, because reading it asks Polars about patterns.
A program of its own, because the tests' process has those threads and the local Statbank's.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable
from datetime import date, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import orjson
from small_statbank import publish_once, run_night

from k2025_pipeline.catalog import Catalog
from k2025_pipeline.lake import archive, home
from k2025_pipeline.lake.home import Home
from k2025_pipeline.warehouse.going_back import go_back


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Writes:
    """Every write below a home, by its path; kills this process at the wanted one.

    Args:
        root: the home. point: ``when pattern``: ``before`` a file gets its name (its bytes lie under a temporary
            one), ``half`` a line, or ``after`` a file, line or folder has its name. log: where paths are noted.
    """

    def __init__(self, root: Path, point: str, log: Path | None) -> None:
        self._root = root
        self._when, _, self._pattern = point.partition(" ")
        self._log = log

    def reached(self, when: str, path: Path) -> None:
        """Note a point, and die if it is the wanted one."""
        if not path.is_relative_to(self._root):
            return
        name = str(path.relative_to(self._root))
        if self._log is not None:
            with self._log.open("a", encoding="utf-8") as file:
                file.write(f"{when} {name}\n")
        if when == self._when and fnmatch(name, self._pattern):
            die()

    def watch(self) -> None:
        """Stand between the lake and the disk."""
        self._wrap("replace")
        self._wrap("rename")
        whole_line = home.append_line

        def append_line(path: Path, content: Any) -> None:
            if self._when == "half" and fnmatch(str(path.relative_to(self._root)), self._pattern) and "key" in content:
                with path.open("ab") as file:
                    file.write(orjson.dumps(content)[:40])
                die()
            whole_line(path, content)
            self.reached("after", path)

        archive.append_line = append_line

    def _wrap(self, name: str) -> None:
        original: Callable[[Path, Path], Path] = getattr(Path, name)

        def watched(path: Path, target: Path) -> Path:
            self.reached("before", Path(target))
            moved = original(path, target)
            self.reached("after", Path(target))
            return moved

        setattr(Path, name, watched)


def run(job: dict[str, Any], catalog: Catalog) -> None:
    """One night, one publication, or one going back."""
    root = Path(job["home"])
    log = Path(job["log"]) if job.get("log") else None
    if job.get("point") or log:
        Writes(root, job.get("point", ""), log).watch()
    if job["what"] == "publish":
        publish_once(Home(root), catalog, job["value"])
    elif job["what"] == "go_back":
        go_back(Home(root), date.fromisoformat(job["day"]), "Kari", "wrong figures")
    else:
        run_night(root, job["source"], catalog, datetime.fromisoformat(job["started"]), job.get("only"))


def main() -> None:
    """Fork once per line."""
    catalog: Catalog = pickle.loads(Path(sys.argv[1]).read_bytes())
    print("ready", flush=True)
    for line in sys.stdin.buffer:
        job = orjson.loads(line)
        child = os.fork()
        if child == 0:
            try:
                run(job, catalog)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
