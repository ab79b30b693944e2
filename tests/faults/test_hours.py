"""Nights that begin in, or run into, the hours in which the source reloads its tables and publishes.

The clock is the test's: it stands still unless somebody sleeps or the Statbank is told to let time pass.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from k2025_pipeline import night as night_module
from k2025_pipeline.demo.server import LocalStatbank
from k2025_pipeline.lake.home import Home
from k2025_pipeline.pxweb.hours import OSLO
from k2025_pipeline.quality import nights

from . import small_statbank as small
from .conftest import MANY, World

DAY = datetime(2026, 6, 22, tzinfo=OSLO)
OWN_FILES = {".lock", "holder.json", "source_kind.json"}
OWN_FOLDERS = ("nights/", "reports/")
"""What a night writes about itself."""


class Clock:
    """The time in Oslo, moved by sleeping and by requests."""

    def __init__(self) -> None:
        self.now = DAY
        self.slept: list[float] = []
        self.requests = 0
        self.jump: tuple[int, datetime] | None = None

    def set(self, text: str) -> None:
        hour, minute = text.split(":")
        self.now = DAY.replace(hour=int(hour), minute=int(minute))
        self.requests = 0

    def at_request(self, number: int, text: str) -> None:
        """Let it be that time when a request comes, before it is answered."""
        hour, minute = text.split(":")
        self.jump = (number, DAY.replace(hour=int(hour), minute=int(minute)))

    def on_request(self, stage: str, known_id: str, number: int) -> None:
        self.requests += 1
        if self.jump is not None and self.requests == self.jump[0]:
            self.now, self.jump = self.jump[1], None

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    def utc(self) -> datetime:
        return self.now.astimezone(UTC)


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory, one_world: World, clock: Clock) -> Iterator[World]:
    """The world over a Statbank whose requests take the clock's time."""
    root, catalog = tmp_path_factory.mktemp("hours"), one_world.catalog
    march = small.write_source(root / "sources" / "march", catalog)
    june = small.write_source(root / "sources" / "june", catalog, [small.TABLE, small.KLASS, small.GROUPS])
    with LocalStatbank(march, cell_limit=small.CELL_LIMIT, rate_limit=MANY, on_request=clock.on_request) as statbank:
        home = root / "march"
        clock.now = small.FIRST_NIGHT
        small.run_night(home, statbank.url, catalog, now=clock.utc)
        small.publish_once(Home(home), catalog)
        shutil.rmtree(home / "build")
        statbank.serve(june)
        yield World(catalog, statbank, home, one_world.undisturbed, {})


@pytest.fixture
def home(timed: World, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home whose source keeps SSB's hours, though it is a local one."""
    monkeypatch.setattr(night_module, "keeps_hours", lambda source: True)
    clock.slept.clear()
    clock.jump = None
    timed.statbank.log.clear()
    yield timed.home(tmp_path)
    shutil.rmtree(tmp_path)


def refresh(timed: World, home: Path, clock: Clock, at: str, **options: Any) -> small.Told:
    clock.set(at)
    timed.statbank.log.clear()
    return small.run_night(home, timed.statbank.url, timed.catalog, now=clock.utc, sleep=clock.sleep, **options)


def states(told: small.Told) -> set[str]:
    return {outcome.state for outcome in told.fetched.values()}


def data_of(home: Path) -> dict[str, str]:
    """Every file but those in which a night writes about itself."""
    files = small.files(home).items()
    return {path: sha for path, sha in files if path not in OWN_FILES and not path.startswith(OWN_FOLDERS)}


@pytest.mark.parametrize("at", ["04:55", "05:00", "07:59", "08:14", "11:25", "11:49"])
def test_a_night_inside_the_hours_postpones_everything_and_changes_nothing(
    timed: World, home: Path, clock: Clock, at: str
) -> None:
    before = data_of(home)
    told = refresh(timed, home, clock, at)
    assert states(told) == {"postponed"}
    assert timed.statbank.log == [], "nothing was asked"
    assert clock.slept == []
    assert data_of(home) == before
    assert {outcome.stale_because for outcome in told.typed.values()} == {None}, "nothing is stale for that"
    message = told.fetched[f"ssb_{small.TABLE}"].message
    opening = "11:50" if at.startswith("11") else "08:15"
    assert f"Run again from {opening} Oslo time, or now with --force." in message
    record = nights.latest(Home(home))
    assert set(record.states.values()) == {"postponed"}
    assert record.problems == {}


@pytest.mark.parametrize(("closed", "opened"), [("04:55", "08:15"), ("11:25", "11:50")])
def test_after_the_hours_it_succeeds(timed: World, home: Path, clock: Clock, closed: str, opened: str) -> None:
    refresh(timed, home, clock, closed)
    told = refresh(timed, home, clock, opened)
    assert states(told) == {"fetched", "unchanged"}
    assert small.typed_content(home) == timed.undisturbed


@pytest.mark.parametrize("at", ["04:54", "08:15", "11:24", "11:50"])
def test_outside_of_the_hours_nothing_is_postponed(timed: World, home: Path, clock: Clock, at: str) -> None:
    assert states(refresh(timed, home, clock, at)) == {"fetched", "unchanged"}


@pytest.mark.parametrize(("at", "minutes"), [("04:55", 200), ("08:14", 1), ("11:30", 20)])
def test_who_waits_waits_for_the_end_of_the_hours(
    timed: World, home: Path, clock: Clock, at: str, minutes: int
) -> None:
    told = refresh(timed, home, clock, at, publication_hours="wait")
    assert sum(clock.slept) == minutes * 60
    assert states(told) == {"fetched", "unchanged"}
    assert small.typed_content(home) == timed.undisturbed


def test_force_asks_inside_the_hours(timed: World, home: Path, clock: Clock) -> None:
    told = refresh(timed, home, clock, "06:00", force=True)
    assert clock.slept == []
    assert states(told) == {"fetched", "unchanged"}
    assert small.typed_content(home) == timed.undisturbed
    asked = Counter(request.stage for request in timed.statbank.log)
    assert asked["data"] == sum(small.PARTS.values()), "everything anew, changed or not"


@pytest.mark.parametrize("number", range(1, 15))
def test_a_night_that_runs_into_the_hours_keeps_what_it_has_and_goes_on(
    timed: World, home: Path, clock: Clock, number: int
) -> None:
    clock.at_request(number, "04:55")
    told = refresh(timed, home, clock, "04:50")
    assert "postponed" in states(told)
    assert states(told) <= {"fetched", "unchanged", "postponed"}
    assert {outcome.stale_because for outcome in told.typed.values()} == {None}
    first = list(timed.statbank.log)
    assert len(first) == number, "nothing is asked after 04:55"
    told = refresh(timed, home, clock, "08:15")
    assert states(told) <= {"fetched", "unchanged"}
    assert small.typed_content(home) == timed.undisturbed
    every_night = {"config", "listing", "klass"}
    again = Counter((r.stage, r.id) for r in [*first, *timed.statbank.log] if r.stage not in every_night)
    if first[-1].stage not in every_night:
        again[(first[-1].stage, first[-1].id)] -= 1  # its answer came after 04:55 and was not kept
    assert again == {
        ("klass-codes", small.KLASS): 1,
        ("klass-changes", small.KLASS): 1,
        ("klass-codes", small.GROUPS): 1,
        ("klass-corresponds", small.KLASS): 2,
        ("metadata", small.TABLE): 1,
        ("data", small.TABLE): small.PARTS[small.TABLE],
    }


def test_who_waits_finishes_a_night_that_runs_into_the_hours(timed: World, home: Path, clock: Clock) -> None:
    clock.at_request(12, "04:55")
    told = refresh(timed, home, clock, "04:50", publication_hours="wait")
    assert states(told) == {"fetched", "unchanged"}
    assert sum(clock.slept) == 200 * 60
    assert small.typed_content(home) == timed.undisturbed
    assert len(timed.statbank.log) == 15, "the answer of 04:55 was not kept, and asked for again"
