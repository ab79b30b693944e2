"""A refresh is killed (SIGKILL) at every request and at every write; the next one goes on where it ended.

After each kill: the next run succeeds, asks again only for what was not archived, reads nothing half-written, ends
with the typed rows of an undisturbed run, and the published file is what it was.
"""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import duckdb
import orjson
import polars as pl
import pytest

from k2025_pipeline.catalog import Catalog
from k2025_pipeline.demo.server import LocalStatbank
from k2025_pipeline.lake.archive import INCOMING, JOURNAL
from k2025_pipeline.lake.home import Home, HomeBusy, read_lines, write_json
from k2025_pipeline.pxweb.transport import Transport, request_key
from k2025_pipeline.warehouse.manifest import file_hash, published, read_manifest
from k2025_pipeline.warehouse.publish import held
from k2025_pipeline.warehouse.swap import recover

from . import small_statbank as small
from .conftest import MANY, World

DRIVER = Path(__file__).with_name("driver.py")
KILLED = -signal.SIGKILL
ASKED_AGAIN = {"config", "listing", "klass"}
"""What every night asks, whatever is archived: the configuration, the listing and Klass's stamps."""
REQUESTS = 14
"""Of an undisturbed night over June."""
Job = dict[str, Any]


class Driver:
    """The warm process, see ``driver``."""

    def __init__(self, catalog: Path) -> None:
        environment = {**os.environ, "POLARS_MAX_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, str(DRIVER), str(catalog)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        assert self._line() == "ready"

    def start(self, job: Job) -> int:
        """Begin a run; its process id."""
        assert self._process.stdin is not None
        self._process.stdin.write(orjson.dumps(job, option=orjson.OPT_APPEND_NEWLINE))
        self._process.stdin.flush()
        return int(self._line())

    def ended(self) -> int:
        """Wait for the run; how it ended."""
        return int(self._line())

    def run(self, job: Job) -> int:
        """A whole run."""
        self.start(job)
        return self.ended()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().decode().strip()


@pytest.fixture(scope="module")
def driver(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    path = tmp_path_factory.mktemp("driver") / "catalog.pickle"
    path.write_bytes(pickle.dumps(catalog))
    warm = Driver(path)
    yield warm
    warm.close()


class Hook:
    """What the Statbank does before it answers; set by a test."""

    def __init__(self) -> None:
        self.act: Callable[[int], None] | None = None
        self.number = 0

    def __call__(self, stage: str, known_id: str, number: int) -> None:
        self.number += 1
        if self.act is not None:
            self.act(self.number)


@pytest.fixture(scope="module")
def hook() -> Hook:
    return Hook()


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, one_world: World, hook: Hook) -> Iterator[World]:
    """The world over a Statbank whose requests are watched."""
    root = tmp_path_factory.mktemp("kill")
    catalog = one_world.catalog
    march = small.write_source(root / "sources" / "march", catalog)
    june = small.write_source(root / "sources" / "june", catalog, [small.TABLE, small.KLASS, small.GROUPS])
    with LocalStatbank(march, cell_limit=small.CELL_LIMIT, rate_limit=MANY, on_request=hook) as statbank:
        home = root / "march"
        small.run_night(home, statbank.url, catalog, small.FIRST_NIGHT)
        small.publish_once(Home(home), catalog)
        statbank.serve(june)
        shutil.rmtree(home / "build")
        shutil.copytree(home, root / "june")
        small.run_night(root / "june", statbank.url, catalog)
        yield World(catalog, statbank, home, one_world.undisturbed, small.delivered(root / "june"))


@pytest.fixture
def home(here: World, hook: Hook, tmp_path: Path) -> Iterator[Path]:
    hook.act, hook.number = None, 0
    here.statbank.log.clear()
    yield here.home(tmp_path)
    hook.act = None
    shutil.rmtree(tmp_path)


def job(here: World, home: Path, **more: Any) -> Job:
    return {
        "what": "night",
        "home": str(home),
        "source": here.statbank.url,
        "started": small.NEXT_NIGHT.isoformat(),
        **more,
    }


def archived(home: Path) -> set[str]:
    """Keys of the requests whose answers lie whole in unfinished journals."""
    found = set()
    for journal in (home / "raw").glob(f"*/{INCOMING}/{JOURNAL}"):
        found |= {line["key"] for line in read_lines(journal) if "key" in line}
    return found


def nothing_half_written(home: Path) -> None:
    """Every file that counts as data can be read whole; a temporary one has a dot before its name."""
    for path in home.rglob("*"):
        if not path.is_file() or path.name.startswith("."):
            continue
        if path.suffix == ".json":
            orjson.loads(path.read_bytes())
        elif path.suffix == ".parquet":
            pl.read_parquet(path)
        elif path.suffix == ".jsonl":
            assert read_lines(path), path


def goes_on(here: World, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The night after a kill."""
    published = (here.march / "warehouse.duckdb").read_bytes()
    nothing_half_written(home)
    assert (home / "warehouse.duckdb").read_bytes() == published
    before, asked = archived(home), []
    send = Transport.send

    def watched(
        self: Transport, method: str, url: str, what: str, params: Any = None, body: bytes | None = None
    ) -> Any:
        asked.append(request_key(method, url, params, body))
        return send(self, method, url, what, params, body)

    monkeypatch.setattr(Transport, "send", watched)
    raw = small.files(home / "raw")
    told = small.run_night(home, here.statbank.url, here.catalog, small.NEXT_NIGHT + timedelta(hours=4))
    assert {outcome.state for outcome in told.fetched.values()} <= {"fetched", "unchanged"}
    assert {outcome.stale_because for outcome in told.typed.values()} == {None}
    assert not before & set(asked), "what was archived is not asked for again"
    assert small.typed_content(home) == here.undisturbed
    assert small.delivered(home) == here.delivered
    kept = set(small.files(home / "raw").values())
    assert {sha for path, sha in raw.items() if _is_answer(path)} <= kept, "no answer is lost"
    assert (home / "warehouse.duckdb").read_bytes() == published
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as reader:
        assert reader.execute(small.QUESTION).fetchall() == small.ROWS
    nothing_half_written(home)


def _is_answer(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    return name[:3].isdigit() and name.endswith(".json")


@pytest.mark.parametrize("number", range(1, REQUESTS + 1))
def test_killed_at_any_request(
    here: World, driver: Driver, hook: Hook, home: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    child: list[int] = []
    known = threading.Event()

    def kill(at: int) -> None:
        if at == number and known.wait(10):
            os.kill(child[0], signal.SIGKILL)

    hook.act = kill
    child.append(driver.start(job(here, home)))
    known.set()
    assert driver.ended() == KILLED
    hook.act = None
    log = here.statbank.log
    assert len(log) == number
    struck = log[-1]
    goes_on(here, home, monkeypatch)
    again = Counter((r.stage, r.id) for r in log if r.stage not in ASKED_AGAIN)
    if struck.stage not in ASKED_AGAIN:
        again[(struck.stage, struck.id)] -= 1
    assert again == ANSWERS, "each answer was asked for once, apart from the one under way"


ANSWERS = {
    ("klass-codes", small.KLASS): 1,
    ("klass-changes", small.KLASS): 1,
    ("klass-codes", small.GROUPS): 1,
    ("klass-corresponds", small.KLASS): 2,
    ("metadata", small.TABLE): 1,
    ("data", small.TABLE): small.PARTS[small.TABLE],
}

RAW, TYPED = f"raw/ssb_{small.TABLE}", f"typed/ssb_{small.TABLE}"
KLASS_RAW, KLASS_TYPED = f"raw/klass_{small.KLASS}", f"typed/klass_{small.KLASS}"
POINTS = [
    "before holder.json",
    "after holder.json",
    "after source_kind.json",
    "after raw/nights/*/journal.jsonl",
    "before raw/nights/*/*.json",
    f"after {RAW}/{INCOMING}/journal.jsonl",  # the header, before any answer
    f"before {RAW}/{INCOMING}/001-*.json",  # the bytes of the first answer under a temporary name
    f"after {RAW}/{INCOMING}/001-*.json",  # its bytes, but no line
    f"after {RAW}/{INCOMING}/003-*.json",
    f"half {RAW}/{INCOMING}/journal.jsonl",  # half of its line
    f"before {RAW}/{INCOMING}/manifest.json",  # every answer, no manifest
    f"after {RAW}/{INCOMING}/manifest.json",  # the manifest, not yet renamed
    f"after {RAW}/20*",  # renamed
    "before checked.json",
    "after checked.json",
    f"before {TYPED}/*.parquet",
    f"after {TYPED}/2*.parquet",  # typed rows, no history
    f"before {TYPED}/history/*.parquet",
    f"after {TYPED}/history/*.parquet",  # the history, no record
    f"before {TYPED}/vintages/*.json",
    f"after {TYPED}/vintages/*.json",  # the record, not yet current
    f"before {TYPED}/current.json",
    f"after {TYPED}/current.json",  # current, the old history not yet gone
    f"half {KLASS_RAW}/{INCOMING}/journal.jsonl",
    f"after {KLASS_RAW}/{INCOMING}/manifest.json",
    f"after {KLASS_TYPED}_codes/2*.parquet",
    f"after {KLASS_TYPED}_codes/current.json",  # codes of June, changes of March
    f"after {KLASS_TYPED}_changes/current.json",
    "before nights/.*Z/night.json",
    "after nights/.*Z/checks.parquet",
    "after nights/.*Z/quality.parquet",
    "after nights/.*Z/failed.json",  # the night is whole, and has no name yet
    "after nights/2*Z",
    "before reports/morning.html",
    "after reports/morning.html",
]
"""Every kind of write of a night."""


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_any_write(
    here: World, driver: Driver, home: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    assert driver.run(job(here, home, point=point)) == KILLED
    killed = Counter((r.stage, r.id) for r in here.statbank.log)
    assert killed["config", ""] <= 2
    goes_on(here, home, monkeypatch)


def test_the_points_are_all_that_a_night_writes(here: World, driver: Driver, home: Path, tmp_path: Path) -> None:
    log = tmp_path / "writes"
    assert driver.run(job(here, home, log=str(log), only=[small.KLASS, small.TABLE])) == 0
    assert small.typed_content(home).items() >= {
        (name, content) for name, content in here.undisturbed.items() if name.startswith(f"ssb_{small.TABLE}")
    }
    written = {line.split(" ", 1)[1] for line in log.read_text(encoding="utf-8").splitlines()}
    patterns = [point.split(" ", 1)[1] for point in POINTS]
    like_others = [f"{RAW}/{INCOMING}/002-*", f"{RAW}/{INCOMING}/004-*", f"{KLASS_RAW}/*", f"{KLASS_TYPED}_*"]
    unknown = {name for name in written if not any(fnmatch(name, p) for p in [*patterns, *like_others])}
    assert unknown == set()


PUBLICATION = [
    "before build/next/warehouse.json",  # every part is made, nothing says so
    "after build/next/warehouse.json",
    "before warehouse.duckdb",  # the new file is whole and its copy waits, the old one stands
    "after warehouse.duckdb",  # the new file stands, its Parquet does not
    "after public.old",  # no Parquet at all
    "after public",
    "before published/indicator_values.parquet",
    "after published/indicator_values.parquet",
    "before audit.json",
    "after audit.json",
    "after published/copies/.????-??-??.old",  # the earlier copy of that date is out of the way
    "before published/copies/????-??-??",
    "after published/copies/????-??-??",
    "before warehouse.json",
    "after warehouse.json",
]
NEW = 74.2
SWAPPED = PUBLICATION.index("after warehouse.duckdb")


def served(home: Path) -> float:
    """The only figure of the published file."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as reader:
        [(_, value)] = reader.execute(small.QUESTION).fetchall()
    return float(value)


def is_whole(home: Path, value: float) -> None:
    """Every part of a publication speaks of the same file, and nothing is left of an attempt."""
    found = published(Home(home))
    assert found is not None
    assert served(home) == value
    assert found.sha256 == file_hash(home / "warehouse.duckdb")
    assert pl.read_parquet(home / "public" / "indicator_values.parquet")["value"].to_list() == [value]
    memory = pl.read_parquet(home / "published" / "indicator_values.parquet").sort("published_at")
    assert memory["value"].to_list()[-1] == value
    assert orjson.loads((home / "audit.json").read_bytes()) == [f"audit of {value}"]
    copy = home / "published" / "copies" / found.day.isoformat()
    assert file_hash(copy / "warehouse.duckdb") == read_manifest(copy / "warehouse.json").sha256  # type: ignore[union-attr]
    leftovers = ["public.old", "build/next", "published/copies/.*"]
    assert [path for pattern in leftovers for path in home.glob(pattern)] == []


def publishing(here: World, home: Path, **more: Any) -> Job:
    return job(here, home, what="publish", value=NEW, **more)


@pytest.fixture
def home_today(home: Path, here: World) -> Path:
    """A home whose file was published today, so that its copy has the name that the next one wants."""
    small.publish_once(Home(home), here.catalog)
    return home


@pytest.mark.parametrize("point", PUBLICATION)
def test_killed_while_it_publishes(here: World, driver: Driver, home_today: Path, point: str) -> None:
    home = home_today
    old = (home / "warehouse.duckdb").read_bytes()
    assert driver.run(publishing(here, home, point=point)) == KILLED
    swapped = PUBLICATION.index(point) >= SWAPPED
    assert served(home) == (NEW if swapped else small.ROWS[0][1]), "the old file or the new one, whole"
    assert ((home / "warehouse.duckdb").read_bytes() == old) is not swapped
    assert not (home / "warehouse.duckdb.wal").exists()
    found = published(Home(home))
    assert found is not None
    assert found.sha256 == file_hash(home / "warehouse.duckdb"), "the manifest never speaks of another file"
    recover(Home(home))
    is_whole(home, NEW if swapped else small.ROWS[0][1])
    assert driver.run(publishing(here, home)) == 0
    is_whole(home, NEW)


def test_the_points_are_all_that_a_publication_writes(
    here: World, driver: Driver, home_today: Path, tmp_path: Path
) -> None:
    log = tmp_path / "writes"
    assert driver.run(publishing(here, home_today, log=str(log))) == 0
    written = {line.split(" ", 1)[1] for line in log.read_text(encoding="utf-8").splitlines()}
    patterns = [point.split(" ", 1)[1] for point in PUBLICATION]
    assert {name for name in written if not any(fnmatch(name, pattern) for pattern in patterns)} == set()


GOING_BACK = [
    *(point for point in PUBLICATION if "copies" not in point),
    "before published/hold.json",
    "after published/hold.json",
]
DAY = "2026-06-19"


@pytest.fixture
def home_with_a_copy(home: Path, here: World) -> Path:
    """A home in which NEW stands, and the first figure in a copy of an earlier date."""
    small.publish_once(Home(home), here.catalog)
    copies = home / "published" / "copies"
    [only] = copies.iterdir()
    only.rename(copies / DAY)
    manifest = orjson.loads((copies / DAY / "warehouse.json").read_bytes())
    write_json(copies / DAY / "warehouse.json", {**manifest, "published_at": f"{DAY}T02:15:00+00:00"})
    small.publish_once(Home(home), here.catalog, NEW)
    return home


@pytest.mark.parametrize("point", GOING_BACK)
def test_killed_while_it_goes_back(here: World, driver: Driver, home_with_a_copy: Path, point: str) -> None:
    home, old = home_with_a_copy, small.ROWS[0][1]
    assert driver.run(job(here, home, what="go_back", day=DAY, point=point)) == KILLED
    swapped = point not in GOING_BACK[:SWAPPED]
    assert served(home) == (old if swapped else NEW)
    assert (held(Home(home)) is not None) is swapped, "the pause begins with the swap and not before"
    recover(Home(home))
    is_whole(home, old if swapped else NEW)
    assert driver.run(job(here, home, what="go_back", day=DAY)) == 0
    is_whole(home, old)
    assert driver.run(publishing(here, home)) == 0
    is_whole(home, old)  # publication is paused
    memory = pl.read_parquet(home / "published" / "indicator_values.parquet").sort("published_at")
    assert memory["value"].to_list() == [old, NEW, old], "told once, taken back once, however often it was tried"


def test_a_second_refresh_says_who_holds_the_home_and_ends(
    here: World, driver: Driver, hook: Hook, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, go_on = threading.Event(), threading.Event()

    def hold(at: int) -> None:
        if at == 3:
            held.set()
            go_on.wait(20)

    hook.act = hold
    first = driver.start(job(here, home))
    try:
        assert held.wait(20)
        before = small.files(home)
        with pytest.raises(HomeBusy, match=rf"is being refreshed by process {first} since .*nothing was changed"):
            small.run_night(home, here.statbank.url, here.catalog)
        assert small.files(home) == before
        os.kill(first, signal.SIGKILL)
        assert driver.ended() == KILLED
    finally:
        go_on.set()
    hook.act = None
    goes_on(here, home, monkeypatch)
