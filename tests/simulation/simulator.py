"""What happens in a thousand nights, drawn by a seed, and the account of it.

Belongs here: when the source changes, what goes wrong, and that the checks run after each night. Every night draws
from a generator of its own, so that night n is the same however many nights follow.
"""

from __future__ import annotations

import math
import os
import random
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import orjson

from k2025_pipeline.catalog import load_catalog
from k2025_pipeline.demo.injection import FAULTS, Fault
from k2025_pipeline.settings import PROJECT_ROOT

from .checks import Archive, Broken, Publication, Truth, Wholeness, deliveries, demand, excuse
from .nights import Order, Stable, Told
from .statbank import Statbank, Victim
from .world import MERGERS, POPULATION, SPOILED, TABLES, Version, World, remove

FIRST_NIGHT = datetime(2026, 7, 1, 2, 15, tzinfo=UTC)
ASKED = ("config", "listing", "table", "metadata", "data", "klass", "klass-codes", "klass-changes", "klass-corresponds")
"""Stages at which the pipeline asks something."""
LYING = ("zeros", "dots", "times-1000", "status-text")
"""Faults with figures that the source does not have."""
WEEK = timedelta(days=7)
LONGEST_SILENCE = 36
"""Good nights after which a silent change must have been noticed: four weeks until the figures are read again, and at
most one more until the next look through."""
LONGEST_LIE = 0
"""Good nights that a refused lie may stand in the way: a table that stands refused is read again every night."""
PROGRESS = int(os.environ.get("K2025_PROGRESS", "50"))


@dataclass
class Account:
    """What happened, in numbers."""

    nights: int = 0
    missed: int = 0
    clean: int = 0
    quiet: int = 0
    builds: int = 0
    publications: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    silent_noticed: int = 0
    longest_poisoned: int = 0
    vintages_checked: int = 0
    files_archived: int = 0
    litter: int = 0
    requests: int = 0
    seconds: float = 0.0
    steps: Counter[str] = field(default_factory=Counter)

    def lines(self) -> list[str]:
        faults = ", ".join(f"{name} {count}" for name, count in sorted(self.faults.items()))
        return [
            f"nights {self.nights} (missed {self.missed}, good {self.clean}, quiet {self.quiet}), "
            f"builds {self.builds}, publications {self.publications}, requests {self.requests}",
            f"at the source: {dict(self.events)}",
            f"kills: {dict(self.kills)}",
            f"faults that struck ({sum(self.faults.values())} of {len(self.faults)} kinds): {faults}",
            f"deliveries accepted {self.accepted}, refused: {dict(self.refused)}",
            f"silent changes noticed {self.silent_noticed}; vintages held against the truth {self.vintages_checked}; "
            f"archived files watched {self.files_archived}; temporary files left by kills {self.litter}",
            f"longest time that a lie under an honest stamp stood in the way: {self.longest_poisoned} good nights",
            f"seconds {self.seconds:.0f}: { {name: round(spent) for name, spent in self.steps.items()} }",
        ]


class Simulator:
    """Runs nights one after another.

    Args:
        root: folder of its own. seed: of everything. say: tells people how it goes. first: start of the first night.
    """

    def __init__(self, root: Path, seed: int, say: Callable[[str], None], first: datetime = FIRST_NIGHT) -> None:
        self._root, self._seed, self._say, self._first = root, seed, say, first
        self._project = _project(root / "project")
        catalog = load_catalog(self._project / "schemas")
        self.home = root / "home"
        self._world = World(catalog, first, random.Random(f"{seed} world"))
        self._truth = Truth(catalog)
        self._archive, self._wholeness = Archive(self.home), Wholeness(self.home)
        self._publication = Publication(self.home / "warehouse.duckdb", self._truth)
        self.account = Account()
        self._spoiled: dict[str, tuple[int, Version]] = {}
        self._returns: dict[str, int] = {}
        self._late_klass: tuple[int, tuple[str, str, str, str], date] | None = None
        self._silence: Counter[str] = Counter()
        self._poisoned: Counter[str] = Counter()
        self._last_was_clean = False
        self._refusals: set[Path] = set()
        self._year = 0
        self._done: list[str] = []
        self._order: Order | None = None
        self._served = 0

    def run(self, nights: int) -> Account:
        """That many nights, and the checks after each.

        Raises:
            Broken: when something does not hold; the message says in which night and what was done in it.
        """
        started = time.monotonic()
        victim = Victim()
        statbank = Statbank(self._write(), victim)
        stable = Stable(self._root / "night.log", victim)
        try:
            for number in range(nights):
                self._one(number, statbank, stable)
                self.account.seconds = time.monotonic() - started
                if (number + 1) % PROGRESS == 0:
                    self._tell(number + 1)
            self._archive.check(everything=True)
        finally:
            stable.close()
            statbank.close()
        self.account.files_archived = len(self._archive.known)
        self.account.vintages_checked = self._publication.vintages_checked
        self.account.litter = self._wholeness.litter
        return self.account

    def _one(self, number: int, statbank: Statbank, stable: Stable) -> None:
        self._done = []
        try:
            self._night(number, statbank, stable)
        except Exception as error:
            log = (self._root / "night.log").read_text(encoding="utf-8", errors="replace")[-3000:]
            day = (self._first + timedelta(days=number)).date()
            raise Broken(
                f"seed {self._seed}, night {number} ({day}): {error}\ndone: {'; '.join(self._done) or 'nothing'}\n"
                f"replay: K2025_SEED={self._seed} K2025_NIGHTS={number + 1}\nlog of the night: …{log}"
            ) from error

    def _tell(self, nights: int) -> None:
        account = self.account
        self._say(
            f"{nights} nights, {account.seconds:.0f} s: {account.builds} builds, "
            f"{sum(account.faults.values())} faults, {sum(account.kills.values())} kills, "
            f"{sum(account.refused.values())} refused, "
            f"{account.silent_noticed} silent changes noticed"
        )

    # One night

    def _night(self, number: int, statbank: Statbank, stable: Stable) -> None:
        draw = random.Random(f"{self._seed} night {number}")
        started = self._first + timedelta(days=number)
        account = self.account
        changed = number > 0 and self._happen(number, started, draw)
        if changed:
            statbank.serve(self._write())
        account.nights += 1
        if number > 0 and draw.random() < 0.03:
            account.missed += 1
            self._last_was_clean = False
            return
        busy = changed or not self._last_was_clean
        faults = self._faults(draw, busy) if number > 0 else []
        kill = self._kill(draw, busy) if number > 0 else None
        self._done += [f"fault {fault}" for fault in faults] + ([f"kill at {kill[0]} {kill[1]}"] if kill else [])
        is_due = self._is_due(started)
        statbank.strike(faults)
        self._truth.serve(self._world.current.values())
        self._prune()
        began = time.monotonic()
        told = stable.run(Order(started, self.home, self._project, statbank.url, kill))
        account.steps["nights in all"] += time.monotonic() - began
        log = statbank.log()
        struck = [fault for *_, fault in log if fault]
        self._count(told, log, kill)
        clean = not struck and not told.killed
        began = time.monotonic()
        try:
            self._check(number, told)
            account.steps["checks"] += time.monotonic() - began
            if clean:
                self._check_good(number, started, told)
                if not changed and self._last_was_clean and not is_due and not self._world.withdrawn:
                    asked = Counter(stage for stage, *_ in log)
                    # A source that is not SSB is first asked what its figures are called.
                    demand(asked == {"config": 1, "listing": 1}, f"a quiet night asked {dict(asked)}")
                    demand(not told.published, "a quiet night published")
                    account.quiet += 1
        except Broken as error:
            raise Broken(f"{error}\ntold: {told}") from error
        account.clean += clean
        self._last_was_clean = clean
        self._year = started.year

    def _check(self, number: int, told: Told) -> None:
        demand(not told.error, f"the night ended with an error: {told.error}")
        demand(not told.blocked, f"the night was blocked: {told.blocked}")
        for table, vintage in self._truth.look(self.home):
            self._done.append(f"{table} {vintage} holds what the source never said")
            self.account.events["delivery with a lie"] += 1
        self._count_refusals()
        self._archive.check(everything=number % PROGRESS == 0)
        self._wholeness.check()
        self._publication.check()

    def _check_good(self, number: int, started: datetime, told: Told) -> None:
        """After a night without faults the newest good vintage is published."""
        demand(self._publication.path.exists(), "nothing is published")
        for table in TABLES:
            standing = self._publication.standing[table]
            if table in self._world.withdrawn:
                demand(standing.state == "stale", f"{table} was withdrawn and is {standing.state}")
                continue
            why = excuse(self.home, table, self._world, self._truth, standing)
            demand(
                why is not None,
                f"{table}: {standing.vintage} ({standing.state}) stands, the source has "
                f"{self._world.current[table].updated}; {told.message.get(f'ssb_{table}')}",
            )
            allowed = (("silent", self._silence, LONGEST_SILENCE), ("poisoned", self._poisoned, LONGEST_LIE))
            for name, counted, longest in allowed:
                counted[table] = counted[table] + 1 if why == name else 0
                demand(counted[table] <= longest, f"{table}: {name} for {counted[table]} good nights")
            self.account.longest_poisoned = max(self.account.longest_poisoned, self._poisoned[table])
        if self._klass_is_known(started):
            for year in sorted({self._world.current[POPULATION].periods[-1], str(started.year)}):
                published = self._publication.groups(year) if year <= str(started.year) else {}
                demand(published in ({}, self._world.klass.groups(year)), f"municipalities of {year} differ")

    def _klass_is_known(self, started: datetime) -> bool:
        found = {m["updated"] for _, m, _ in list(deliveries(self.home, "klass_131"))[-1:]}
        groups = [m for _, m, _ in deliveries(self.home, "klass_112")]
        newest = max(groups, key=lambda m: max(r["received_at"] for r in m["requests"]))
        asked = max(r["label"] for r in newest["requests"] if r["role"] == "corresponds")
        return found == {self._world.klass.modified} == {newest["updated"]} and asked == str(started.year)

    def _is_due(self, started: datetime) -> bool:
        """Whether this night looks through a table, or asks Klass: once a week, and when a year begins."""
        path = self.home / "checked.json"
        if not path.exists() or started.year != self._year:
            return True
        seen = orjson.loads(path.read_bytes())
        klass = [
            datetime.fromisoformat(seen["confirmed"].get(f"klass_{n}", "2000-01-01T00:00:00+00:00"))
            for n in (104, 112, 128, 131)
        ]
        compared = [
            datetime.fromisoformat(seen["compared"].get(f"ssb_{table}", "2000-01-01T00:00:00+00:00"))
            for table in TABLES
        ]
        return any(started - at >= WEEK for at in [*klass, *compared])

    def _count(self, told: Told, log: list[tuple[str, str, str | None]], kill: tuple[str, int] | None) -> None:
        account = self.account
        account.requests += len(log)
        account.faults.update(fault for *_, fault in log if fault)
        account.builds += told.built
        account.publications += told.published
        account.silent_noticed += len(told.silent)
        account.steps.update(told.seconds)
        account.accepted += sum(state == "accepted" for name, state in told.typed.items() if name.startswith("ssb"))
        if told.killed and kill:
            account.kills[kill[0]] += 1

    def _count_refusals(self) -> None:
        for table in TABLES:
            for path in (self.home / "typed" / f"ssb_{table}" / "refused").glob("*.json"):
                if path not in self._refusals:
                    self._refusals.add(path)
                    version = self._truth.vintages[table, path.stem]
                    self.account.refused[(version.fault or "before Klass") if version else "a lie on the way"] += 1

    # What goes wrong

    def _faults(self, draw: random.Random, busy: bool) -> list[Fault]:
        if draw.random() >= (0.45 if busy else 0.15):
            return []
        quiet_stage = draw.choices(("listing", "config", "table"), (6, 3, 1))[0]
        names = [n for n, kind in FAULTS.items() if (set(ASKED) if busy else {quiet_stage}) & kind.stages]
        name = draw.choice(LYING if busy and draw.random() < 0.15 else names)
        stage = draw.choice([s for s in ASKED if s in FAULTS[name].stages]) if busy else quiet_stage
        how = draw.choices(
            ("once", "twice", "half", "always"), (45, 20, 20, 15) if stage != "config" else (60, 30, 5, 5)
        )[0]
        options: dict[str, float | int] = {
            "once": {"times": 1},
            "twice": {"times": 2},
            "half": {"rate": 0.5},
            "always": {},
        }[how]
        seconds = 0.02 if name in ("slow", "hang") else None
        fault = Fault(name, stage, seed=draw.randrange(10**6), seconds=seconds, **options)  # type: ignore[arg-type]
        # A table is asked about by itself only where the listing does not name it.
        return [Fault("empty-listing", "listing"), fault] if stage == "table" else [fault]

    def _kill(self, draw: random.Random, busy: bool) -> tuple[str, int] | None:
        if draw.random() >= (0.25 if busy else 0.05):
            return None
        kind = draw.choices(("request", "file", "dbt"), (4, 5, 2) if busy else (3, 7, 0))[0]
        most = {"request": 20 if busy else 2, "file": 1200 if busy else 400, "dbt": 400}[kind]
        return kind, max(1, round(math.exp(draw.uniform(0, math.log(most)))))

    # What happens at the source

    def _happen(self, number: int, started: datetime, draw: random.Random) -> bool:
        """Events since the last night; returns whether the source is another."""
        stamp = (started - timedelta(days=1)).replace(hour=7, minute=0)
        before = len(self._done)
        touched = self._scheduled(number, started, stamp, draw)
        free = [t for t in TABLES if t not in touched and t not in self._world.withdrawn and t not in self._spoiled]
        if free:
            self._by_chance(number, draw.choice(free), stamp, draw)
        return len(self._done) > before

    def _note(self, what: str, about: str) -> None:
        self._done.append(f"{what} {about}")
        self.account.events[what] += 1

    def _scheduled(self, number: int, started: datetime, stamp: datetime, draw: random.Random) -> set[str]:
        self._tell_mergers(number, started, stamp, draw)
        touched = set()
        for table, (night, good) in list(self._spoiled.items()):
            if night == number:
                self._world.mend(table, good, stamp)
                del self._spoiled[table]
                touched.add(table)
                self._note("correction", table)
        for table, night in list(self._returns.items()):
            if night == number:
                self._world.withdrawn.discard(table)
                del self._returns[table]
                self._note("return", table)
        today = (stamp.month, stamp.day)
        for table in TABLES:
            if today == ((2, 25) if table == POPULATION else (3, 15)):
                self._unspoil(table)
                self._world.release(table, stamp, draw)
                touched.add(table)
                self._note("new period", table)
            elif today == (6, 15) and table != POPULATION:
                self._unspoil(table)
                self._world.revise(table, stamp, draw, everything=True)
                touched.add(table)
                self._note("all years revised", table)
        return touched

    def _unspoil(self, table: str) -> None:
        if table in self._spoiled:
            self._world.current[table] = self._spoiled.pop(table)[1]

    def _tell_mergers(self, number: int, started: datetime, stamp: datetime, draw: random.Random) -> None:
        """A merger on 1 January; Klass tells it then, or only after the tables have."""
        done = len(self._world.reforms)
        if (started.month, started.day) == (1, 1) and done < len(MERGERS):
            merger = MERGERS[done]
            self._world.reforms.append((started.year, merger))
            late = draw.random() < 0.4
            # The population of a new year is published on 25 February.
            self._late_klass = (number + (58 if late else 0), merger, started.date())
        if self._late_klass is not None and self._late_klass[0] == number:
            self._world.klass.merge(self._late_klass[1], self._late_klass[2], stamp)
            self._note("merger", self._late_klass[1][2])
            self._late_klass = None

    def _by_chance(self, number: int, table: str, stamp: datetime, draw: random.Random) -> None:
        world = self._world
        what = draw.choices(
            (
                "nothing",
                "some revised",
                "all years revised",
                "new stamp",
                "silent change",
                "renamed",
                "bad",
                "withdrawn",
            ),
            (0.938, 0.018, 0.005, 0.006, 0.012, 0.007, 0.009, 0.005),
        )[0]
        if what == "nothing":
            return
        if what in ("silent change", "renamed") and (self.home / "raw" / f"ssb_{table}" / "incoming").exists():
            return  # parts of two states under one stamp cannot be told apart, by whomever
        if what in ("some revised", "all years revised"):
            world.revise(table, stamp, draw, everything=what == "all years revised")
        elif what == "new stamp":
            world.restamp(table, stamp)
        elif what == "silent change":
            world.change_silently(table, draw)
        elif what == "renamed":
            world.rename(table, draw)
        elif what == "bad":
            how = draw.choice(list(SPOILED))
            self._spoiled[table] = (number + draw.randint(1, 4), world.spoil(table, stamp, how, draw))
            what = f"bad: {how}"
        else:
            world.withdrawn.add(table)
            self._returns[table] = number + draw.randint(1, 8)
        self._note(what, table)

    def _prune(self) -> None:
        """Without the results of earlier audits: Data Docs would show all of them anew at each build."""
        for folder in ("gx/uncommitted/validations", "data_docs/validations"):
            shutil.rmtree(self.home / "reports" / folder, ignore_errors=True)

    def _write(self) -> Path:
        self._served += 1
        remove(self._root / f"source-{self._served - 2}")
        return self._world.write(self._root / f"source-{self._served}")


def _project(root: Path) -> Path:
    """The declarations and models as they are, but for the number of cells that a whole table has."""
    shutil.copytree(PROJECT_ROOT / "schemas", root / "schemas")
    shutil.copytree(PROJECT_ROOT / "dbt", root / "dbt", ignore=shutil.ignore_patterns("target", "logs"))
    for path in (root / "schemas" / "tables").glob("*.yml"):
        text = path.read_text(encoding="utf-8")
        small, found = re.subn(r"(?m)^coverage: .*$", "coverage: {min_cells: 1, max_cells: 9000000}", text)
        assert found == 1, path
        path.write_text(small, encoding="utf-8")
    return root
