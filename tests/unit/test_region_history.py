"""What happened to each code, and which codes together cover the same area, against Klass, SSB's figures and chance.

Belongs here: the graph of code changes and the frames made of it. Not here: what follows for figures (the dbt models,
``tests/pipeline/test_reforms.py``).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache, cached_property
from itertools import pairwise
from typing import Any, get_args

import numpy as np
import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import RECORDINGS, needs_recordings
from k2025_pipeline.catalog import load_catalog
from k2025_pipeline.demo import geography, klass_generator
from k2025_pipeline.demo.klass_files import Classification, codes_between, read_classifications
from k2025_pipeline.klass.client import CHANGES_SCHEMA, CODES_SCHEMA, decode_changes, decode_codes
from k2025_pipeline.klass.code_list import LATEST
from k2025_pipeline.klass.history import KINDS, Area, Event, History, Kind
from k2025_pipeline.klass.regions import EVENTS, LINKS, STEPS, region_events, region_links, region_steps, with_declared
from k2025_pipeline.settings import PROJECT_ROOT

YEARS = [str(year) for year in range(2015, 2027)]
DAY = timedelta(days=1)
Row = dict[str, Any]


def day_of(text: str | int) -> date:
    """A day; a year stands for its first day."""
    return date.fromisoformat(text) if isinstance(text, str) and "-" in text else date(int(text), 1, 1)


# Small countries in a short notation: "A=Alfa 2015..2020 | B 2020..", "A=Alfa>B=Beta 2020 | A>- 2020".


def codes_of(text: str) -> pl.DataFrame:
    found = (re.fullmatch(r"(\w+)(?:=(.+))? (\S+)\.\.(\S*)", part.strip()) for part in text.split("|") if part.strip())
    rows = [match.groups() for match in found if match]
    cells = [
        (code, name or f"Name {code}", day_of(start), day_of(end) if end else None) for code, name, start, end in rows
    ]
    return pl.DataFrame(cells, schema=CODES_SCHEMA, orient="row")


def changes_of(text: str) -> pl.DataFrame:
    rows = []
    for part in (part.strip() for part in text.split("|") if part.strip()):
        sides, day = part.rsplit(" ", 1)
        old, new = sides.split(">")
        rows.append((*_side(old), *_side(new), day_of(day)))
    return pl.DataFrame(rows, schema=CHANGES_SCHEMA, orient="row")


def _side(text: str) -> tuple[str | None, str | None]:
    code, _, name = text.partition("=")
    return (None, None) if code == "-" else (code, name or f"Name {code}")


def history(codes: str, changes: str = "") -> History:
    return History(codes_of(codes), changes_of(changes))


def said(told: History) -> list[str]:
    """Every event as text: ``A>C merged``, a side that is not known as ``-``."""
    return sorted(f"{event.edge.old or '-'}>{event.edge.new or '-'} {event.kind}" for event in told.events())


def areas(told: History, start: str | int, end: str | int | None = None) -> list[str]:
    """Every area as text: ``A+B>C``."""
    return sorted(_text(area) for area in told.areas(day_of(start), day_of(end) if end else LATEST))


def _text(area: Area) -> str:
    return "+".join(area.before) + ">" + "+".join(area.after)


# The real municipalities.


@dataclass
class Known:
    """Codes and changes as they reach the warehouse, and what is made of them."""

    codes: pl.DataFrame
    changes: pl.DataFrame

    @cached_property
    def history(self) -> History:
        return History(self.codes, self.changes)

    @cached_property
    def events(self) -> list[Event]:
        return self.history.events()


def _since_2015(classification: Classification) -> pl.DataFrame:
    return decode_codes(orjson.dumps({"codes": codes_between(classification, "2015-01-01", None)}))


@cache
def recorded() -> Known:
    """Klass 131 as it answered; when each code was valid follows from the codes of 2026 and the changes."""
    folder = RECORDINGS / "klass"
    raw = (folder / "131-changes-2011-2024.json").read_bytes()
    return Known(_since_2015(read_classifications(folder)["131"]), decode_changes(raw))


@cache
def of_the_demo(number: str = "131") -> Known:
    """The same from the demo's own files."""
    content = klass_generator.classifications(geography.load())[number]
    classification = Classification(content["classification"], content["codes"], content["changes"])
    return Known(_since_2015(classification), decode_changes(orjson.dumps({"codeChanges": content["changes"]})))


@cache
def raw_rows() -> list[Row]:
    raw = (RECORDINGS / "klass" / "131-changes-2011-2024.json").read_bytes()
    rows: list[Row] = orjson.loads(raw)["codeChanges"]
    return rows


@pytest.fixture(params=["demo", pytest.param("recorded", marks=needs_recordings)])
def known(request: pytest.FixtureRequest) -> Known:
    return of_the_demo() if request.param == "demo" else recorded()


def events_of(known: Known) -> dict[tuple[str, str, int], Event]:
    return {(event.edge.old or "-", event.edge.new or "-", event.edge.day.year): event for event in known.events}


# Random countries: small places that never change, divided among codes in another way after each reform.


@dataclass(frozen=True)
class Place:
    """What a code stands for: its name, the atoms it consists of, and the names of places merged into it."""

    name: str
    atoms: frozenset[int]
    former: frozenset[str] = frozenset()


State = dict[str, Place]
Told = tuple[str | None, str | None, str | None, str | None, date]


@dataclass
class Country:
    """A country with its reforms, as the truth about atoms and as what Klass would tell of it.

    Attributes:
        states: the codes from each day on. rows: as in Klass's changes. kinds: the events that happened.
    """

    states: list[tuple[date, State]]
    rows: list[Told] = field(default_factory=list)
    kinds: set[tuple[str, str, str, date]] = field(default_factory=set)

    @property
    def today(self) -> State:
        return self.states[-1][1]

    @property
    def atoms(self) -> frozenset[int]:
        return frozenset().union(*(place.atoms for place in self.today.values()))

    def on(self, day: date) -> State:
        return [state for since, state in self.states if since <= day][-1]

    def codes(self) -> pl.DataFrame:
        """A row per code, name and time in which it was valid, as in Klass."""
        rows: list[tuple[str, str, date, date | None]] = []
        ends = [since for since, _ in self.states[1:]] + [None]
        for (since, state), end in zip(self.states, ends, strict=True):
            for code, place in state.items():
                earlier = [row for row in rows if row[:2] == (code, place.name) and row[3] == since]
                if earlier:
                    rows.remove(earlier[0])
                rows.append((code, place.name, earlier[0][2] if earlier else since, end))
        return pl.DataFrame(rows, schema=CODES_SCHEMA, orient="row")

    def changes(self, rows: Sequence[Told] | None = None) -> pl.DataFrame:
        return pl.DataFrame(self.rows if rows is None else rows, schema=CHANGES_SCHEMA, orient="row")

    def history(self) -> History:
        return History(self.codes(), self.changes())

    def areas(self, start: date, end: date) -> set[Area]:
        """The true areas: atoms that were under one code on any day between belong together."""
        between = [self.on(start), *(state for since, state in self.states if start < since <= end)]
        groups = joined(place.atoms for state in between for place in state.values())

        def codes(state: State, group: frozenset[int]) -> tuple[str, ...]:
            return tuple(sorted(code for code, place in state.items() if place.atoms <= group))

        return {Area(codes(between[0], group), codes(between[-1], group)) for group in groups}


def joined(sets: Iterable[Iterable[Any]]) -> list[frozenset[Any]]:
    """The sets, those with something in common made one."""
    found: list[frozenset[Any]] = []
    for one in map(frozenset, sets):
        touching = [other for other in found if other & one]
        found = [other for other in found if not other & one] + [one.union(*touching)]
    return found


def composed(first: list[Area], second: list[Area]) -> list[Area]:
    """What two steps, the second from where the first ended, say together."""
    found = []
    for codes in joined([*(area.after for area in first), *(area.before for area in second)]):
        before = sorted(code for area in first if codes & set(area.after) for code in area.before)
        after = sorted(code for area in second if codes & set(area.before) for code in area.after)
        found.append(Area(tuple(before), tuple(after)))
    return sorted(found, key=lambda area: (area.after, area.before))


class Reform:
    """One day's changes to a country; each code takes part in at most one of them."""

    def __init__(self, country: Country, day: date, draw: Callable[[st.SearchStrategy[Any]], Any], number: int) -> None:
        self.country, self.day, self.draw, self.number = country, day, draw, number
        self.before = country.today
        self.after: State = dict(self.before)
        self.idle = draw(st.permutations(sorted(self.before)))
        self._new = 0

    def maybe(self) -> bool:
        return bool(self.draw(st.booleans()))

    def take(self, least_atoms: int = 1) -> str | None:
        """A code that has not taken part yet, of at least so many atoms."""
        able = [code for code in self.idle if len(self.before[code].atoms) >= least_atoms]
        if not able:
            return None
        self.idle.remove(able[0])
        return able[0]

    def put_back(self, *codes: str | None) -> None:
        self.idle += [code for code in codes if code]

    def fresh(self) -> str:
        """A code that is not in use: a new one, or one that was given up before this day."""
        used = {code for _, state in self.country.states for code in state}
        given_up = sorted(used - set(self.before) - set(self.after))
        self._new += 1
        new = f"{self.number:02d}{self._new:02d}"
        return str(self.draw(st.sampled_from([new, new, *given_up])))

    def name(self) -> str:
        self._new += 1
        return f"Name {self.number}-{self._new}"

    def tell(self, kind: str, old: str, new: str, *, leave_out: bool = False) -> None:
        """An event, and its row unless it may be left out: that a code goes on."""
        self.country.kinds.add((kind, old, new, self.day))
        if not leave_out or self.maybe():
            row = (old, self.before[old].name, new, self.after[new].name, self.day)
            self.country.rows += [row] * (2 if self.maybe() else 1)

    def hint(self, old: str | None, new: str | None) -> None:
        """A row with one side, of which another row tells, or that of a code that stood still."""
        if self.maybe():
            old_name, new_name = old and self.before[old].name, new and self.after[new].name
            self.country.rows.append((old, old_name, new, new_name, self.day))

    def divided(self, place: Place, parts: int) -> list[frozenset[int]]:
        atoms = self.draw(st.permutations(sorted(place.atoms)))
        cuts = sorted(self.draw(st.sets(st.integers(1, len(atoms) - 1), min_size=parts - 1, max_size=parts - 1)))
        return [frozenset(atoms[a:b]) for a, b in zip([0, *cuts], [*cuts, len(atoms)], strict=True)]

    def part(self, place: Place, atoms: frozenset[int], *, name: str | None = None) -> tuple[Place, bool]:
        """A place made of a part of another, and whether it got the name of one merged into that."""
        former = sorted(place.former - {place.name})
        if name is None and former and self.maybe():
            return Place(former[0], atoms), True
        return Place(name or self.name(), atoms), False

    # What may happen. Each takes codes, or leaves them where they do not do.

    def stand_still(self) -> None:
        code = self.take()
        if code:
            self.hint(code, None)
            self.hint(None, code)
            self.hint(code, code)

    def rename(self) -> None:
        code = self.take()
        if code:
            self.after[code] = replace(self.before[code], name=self.name())
            self.tell("renamed", code, code)

    def renumber(self) -> None:
        code = self.take()
        if code:
            new = self.fresh()
            place = self.after.pop(code)
            self.after[new] = replace(place, name=self.name()) if self.maybe() else place
            self.tell("renumbered", code, new)
            self.hint(code, None)
            self.hint(None, new)

    def merge(self) -> None:
        codes = [code for code in (self.take(), self.take(), self.take() if self.maybe() else None) if code]
        if len(codes) < 2:
            return self.put_back(*codes)
        places = [self.after.pop(code) for code in codes]
        goes_on = self.maybe()
        into = codes[0] if goes_on else self.fresh()
        self.after[into] = Place(
            places[0].name if goes_on or self.maybe() else self.name(),
            frozenset().union(*(place.atoms for place in places)),
            frozenset().union(*({place.name} | place.former for place in places)),
        )
        for code in codes:
            self.tell("merged", code, into, leave_out=code == into)
        return None

    def split(self) -> None:
        code = self.take(least_atoms=2)
        if code:
            place = self.after.pop(code)
            sets = self.divided(place, 3 if len(place.atoms) > 2 and self.maybe() else 2)
            kept_name = place.name if self.maybe() else self.name()
            parts = [self.part(place, sets[0], name=kept_name), *(self.part(place, atoms) for atoms in sets[1:])]
            for part, recreated in parts:
                new = self.fresh()
                self.after[new] = part
                self.tell("recreated" if recreated else "split", code, new)
            self.hint(code, None)

    def split_off(self) -> None:
        code = self.take(least_atoms=2)
        if code:
            place, new = self.before[code], self.fresh()
            rest, gone = self.divided(place, 2)
            self.after[code] = replace(place, atoms=rest)
            self.after[new], recreated = self.part(place, gone)
            self.tell("partly_transferred", code, code, leave_out=True)
            self.tell("recreated" if recreated else "partly_transferred", code, new)

    def move_borders(self) -> None:
        """A part goes to a neighbour, and maybe a part of that to the next; all go on."""
        codes = [code for code in (self.take(2), self.take(2), self.take() if self.maybe() else None) if code]
        if len(codes) < 2:
            return self.put_back(*codes)
        for giver, receiver in pairwise(codes):
            rest, gone = self.divided(self.before[giver], 2)
            self.after[giver] = replace(self.after[giver], atoms=self.after[giver].atoms - gone)
            self.after[receiver] = replace(self.after[receiver], atoms=self.after[receiver].atoms | gone)
            assert rest
        for code in codes:
            self.tell("partly_transferred", code, code, leave_out=True)
        for giver, receiver in pairwise(codes):
            self.tell("partly_transferred", giver, receiver)
        return None

    def divide(self) -> None:
        """A place ends: a part goes to a neighbour that goes on, the rest gets a code of its own."""
        code, neighbour = self.take(least_atoms=2), self.take()
        if not code or not neighbour:
            return self.put_back(code, neighbour)
        place, new = self.after.pop(code), self.fresh()
        gone, rest = self.divided(place, 2)
        self.after[neighbour] = replace(self.before[neighbour], atoms=self.before[neighbour].atoms | gone)
        self.after[new], recreated = self.part(place, rest)
        self.tell("partly_transferred", code, neighbour)
        self.tell("partly_transferred", neighbour, neighbour, leave_out=True)
        self.tell("recreated" if recreated else "split", code, new)
        return None


HAPPENINGS = [
    Reform.stand_still,
    Reform.rename,
    Reform.renumber,
    Reform.merge,
    Reform.split,
    Reform.split_off,
    Reform.move_borders,
    Reform.divide,
]


@st.composite
def countries(draw: st.DrawFn, happenings: Sequence[Callable[[Reform], None]] = HAPPENINGS) -> Country:
    atoms = draw(st.integers(6, 14))
    homes = draw(st.lists(st.integers(1, 6), min_size=atoms, max_size=atoms))
    start = {
        f"00{home:02d}": Place(f"Name {home}", frozenset(atom for atom in range(atoms) if homes[atom] == home))
        for home in set(homes)
    }
    country = Country([(date(2015, 1, 1), start)])
    days = draw(st.lists(st.sampled_from(REFORM_DAYS), min_size=1, max_size=4, unique=True))
    for number, day in enumerate(sorted(days), start=1):
        reform = Reform(country, day, draw, number)
        for happen in draw(st.lists(st.sampled_from(happenings), min_size=1, max_size=4)):
            happen(reform)
        country.states.append((day, reform.after))
    return country


REFORM_DAYS = [*(date(year, 1, 1) for year in range(2016, 2022)), date(2018, 7, 1), date(2019, 12, 31)]
DAYS = st.sampled_from(sorted({*REFORM_DAYS, *(day - DAY for day in REFORM_DAYS), date(2015, 1, 1), date(2023, 1, 1)}))
SPAN = st.tuples(DAYS, DAYS).map(lambda days: (min(days), max(days)))
NEVER_CHANGED_AREA = [Reform.stand_still, Reform.rename, Reform.renumber]


def persons(atoms: Iterable[int], year: int) -> int:
    """A count that differs between atoms and years."""
    return sum((atom + 1) * 7919 % 1009 + year % 97 * (atom % 5) for atom in atoms)


def atoms_of(state: State, codes: Iterable[str]) -> frozenset[int]:
    return frozenset().union(*(state[code].atoms for code in codes))


def one_to_one(areas: list[Area]) -> tuple[list[str], list[str]]:
    """The codes after and before, where each area is one code on either day."""
    return [code for (code,) in (area.after for area in areas)], [code for (code,) in (area.before for area in areas)]


def assert_current(country: Country, event: Event) -> None:
    """Today's codes are those of the true area of the old code; the same area where one code has just these atoms."""
    [area] = [area for area in country.areas(event.edge.day - DAY, date.max) if event.edge.old in area.before]
    assert event.current == area.after
    assert event.same_area == (len(area.before) == len(area.after) == 1)
    assert event.counts_add_up == (len(area.after) == 1)


def turn(row: Told) -> Told:
    old, old_name, new, new_name, day = row
    return new, new_name, old, old_name, day


def can_tell(country: Country, row: Told) -> bool:
    old, _, new, _, day = row
    before, after = country.on(day - DAY), country.on(day)
    old_ends = old in before and old not in after
    new_begins = new in after and new not in before
    return old != new and (old_ends or new_begins)


def lives(country: Country, code: str) -> int:
    """How many times a code came into use."""
    present = [False, *(code in state for _, state in country.states)]
    return sum(now and not before for before, now in pairwise(present))


# What Klass and the demo tell of Norway.

COUNTS = {
    "renumbered": 362,
    "merged": 119,
    "unchanged": 74,
    "renamed": 23,
    "split": 7,
    "partly_transferred": 4,
    "recreated": 1,
}


class TestCountsOfKinds:
    def test_516_rows_are_516_events_and_74_codes_never_changed(self, known: Known) -> None:
        """Nothing is created or ended: Klass says of every code what it came from and what it became."""
        counts = Counter(event.kind for event in known.events)
        assert counts == COUNTS
        assert counts.total() - counts["unchanged"] == known.changes.height == 516

    def test_every_row_is_told_once_with_its_names_and_day(self, known: Known) -> None:
        told = [
            (e.edge.old, e.edge.old_name, e.edge.new, e.edge.new_name, e.edge.day)
            for e in known.events
            if e.kind != "unchanged"
        ]
        assert sorted(told) == sorted(known.changes.select(list(CHANGES_SCHEMA)).rows())

    @needs_recordings
    def test_the_demo_tells_the_same_as_klass(self) -> None:
        assert of_the_demo().events == recorded().events
        assert of_the_demo().codes.equals(recorded().codes)

    @needs_recordings
    def test_the_kinds_can_be_counted_in_the_answer_itself(self) -> None:
        """By how often a code stands on either side of the rows of one day, without any graph."""
        rows = raw_rows()
        out = Counter((row["changeOccurred"], row["oldCode"]) for row in rows)
        into = Counter((row["changeOccurred"], row["newCode"]) for row in rows)
        whole_into = Counter(
            (row["changeOccurred"], row["newCode"]) for row in rows if out[row["changeOccurred"], row["oldCode"]] == 1
        )
        found: Counter[str] = Counter()
        for row in rows:
            old, new = (row["changeOccurred"], row["oldCode"]), (row["changeOccurred"], row["newCode"])
            if out[old] > 1:
                found["of a divided area"] += 1
            elif into[new] == 1:
                found["renumbered" if old != new else "renamed"] += 1
                assert old != new or row["oldName"] != row["newName"]
            else:
                found["merged" if whole_into[new] > 1 else "beside a part"] += 1
        assert found["of a divided area"] == 9
        # Stokke's part that went to Tønsberg is a border row; Tønsberg, Hamarøy and Hitra received a part.
        assert COUNTS["split"] + COUNTS["recreated"] == 9 - 1
        assert COUNTS["partly_transferred"] == found["beside a part"] + 1
        for kind in ("renumbered", "renamed", "merged"):
            assert found[kind] == COUNTS[kind], kind

    @needs_recordings
    def test_a_code_never_changed_when_no_row_names_it(self) -> None:
        today = orjson.loads((RECORDINGS / "klass" / "131-codesAt-2026-01-01.json").read_bytes())["codes"]
        named = {row[side] for row in raw_rows() for side in ("oldCode", "newCode")}
        never = {code["code"] for code in today} - named - {"9999"}
        assert {e.edge.old for e in recorded().events if e.kind == "unchanged"} == never
        assert len(never) == COUNTS["unchanged"]

    @needs_recordings
    def test_only_haram_carries_the_name_of_one_merged_earlier(self) -> None:
        rows = raw_rows()
        times = Counter((row["changeOccurred"], row["oldCode"]) for row in rows)
        divided = [row for row in rows if times[row["changeOccurred"], row["oldCode"]] > 1]
        named_after = [
            (row["oldCode"], row["newCode"])
            for row in divided
            for earlier in rows
            if earlier["changeOccurred"] < row["changeOccurred"]
            and earlier["newCode"] == row["oldCode"]
            and earlier["oldName"] == row["newName"] != row["oldName"]
        ]
        assert named_after == [("1507", "1580")]


CASES = [
    # Bærum: renumbered twice.
    ("0219", "3024", 2020, "renumbered", "3201", True),
    ("3024", "3201", 2024, "renumbered", "3201", True),
    # Ålesund: five became one, one became two, and one of the two has an old name.
    *((code, "1507", 2020, "merged", "1508+1580", False) for code in ("1504", "1523", "1529", "1534", "1546")),
    ("1507", "1508", 2024, "split", "1508+1580", False),
    ("1507", "1580", 2024, "recreated", "1508+1580", False),
    # Tysfjord: split between two; Narvik was merged, Hamarøy only received a part.
    ("1850", "1806", 2020, "split", "1806+1875", False),
    ("1850", "1875", 2020, "split", "1806+1875", False),
    ("1805", "1806", 2020, "merged", "1806+1875", False),
    ("1854", "1806", 2020, "merged", "1806+1875", False),
    ("1849", "1875", 2020, "partly_transferred", "1806+1875", False),
    # Snillfjord: split in three.
    ("1613", "5012", 2018, "renumbered", "5055+5056+5059", False),
    *(("5012", code, 2020, "split", "5055+5056+5059", False) for code in ("5055", "5056", "5059")),
    ("5013", "5056", 2020, "partly_transferred", "5055+5056+5059", False),
    ("1571", "5055", 2020, "merged", "5055+5056+5059", False),
    # Tjeldsund: merged, then renumbered.
    ("1852", "1852", 2018, "renamed", "5512", False),
    ("1852", "5412", 2020, "merged", "5512", False),
    ("1913", "5412", 2020, "merged", "5512", False),
    ("5412", "5512", 2024, "renumbered", "5512", True),
    ("1640", "5025", 2018, "renumbered", "5025", True),
    ("5025", "5025", 2023, "renamed", "5025", True),
    # Rindal: to another county.
    ("1567", "5061", 2019, "renumbered", "5061", True),
    # Stokke: between two neighbours, of which one goes on.
    ("0720", "0710", 2017, "split", "3905+3907", False),
    ("0720", "0704", 2017, "partly_transferred", "3905+3907", False),
    ("0704", "0704", 2017, "partly_transferred", "3905+3907", False),
    ("0706", "0710", 2017, "merged", "3905+3907", False),
    ("0719", "0710", 2017, "merged", "3905+3907", False),
    # Stavanger took in two and kept its code.
    *((code, "1103", 2020, "merged", "1103", False) for code in ("1103", "1141", "1142")),
    # A name with and without its county.
    ("1514", "1514", 2020, "renamed", "1514", True),
]


class TestNamedCases:
    @pytest.mark.parametrize(("old", "new", "year", "kind", "current", "same_area"), CASES)
    def test_a_change(
        self, known: Known, old: str, new: str, year: int, kind: str, current: str, same_area: bool
    ) -> None:
        event = events_of(known)[old, new, year]
        assert (event.kind, "+".join(event.current), event.same_area) == (kind, current, same_area)
        assert event.counts_add_up == ("+" not in current)

    def test_the_haram_of_2019_did_not_become_the_haram_of_2024(self, known: Known) -> None:
        edges = {(edge.old, edge.new) for edge in known.history.edges}
        assert ("1534", "1580") not in edges
        assert {new for old, new in edges if old == "1534"} == {"1507"}
        links = region_links(known.codes, known.changes, ["2019", "2023", "2024"])
        of_haram = links.filter(pl.col("region_code").is_in(["1534", "1507", "1580"])).select("year", "current_unit")
        assert of_haram.rows() == [("2019", "1508+1580"), ("2023", "1508+1580"), ("2024", "1580")]

    def test_tonsberg_and_sandefjord_are_comparable_only_together_before_2017(self, known: Known) -> None:
        told = known.history
        assert "0704+0706+0716+0719+0720>3905+3907" in areas(told, 2016)
        assert {"0704+0716>3905", "0710>3907"} <= set(areas(told, 2017))
        assert "0704+0706+0719+0720>0704+0710" in areas(told, 2016, 2017)

    def test_every_other_municipality_of_today_has_a_past_of_its_own(self, known: Known) -> None:
        several = {area.after for area in known.history.areas(day_of(2015)) if len(area.after) != 1}
        assert several == {("1508", "1580"), ("1806", "1875"), ("3905", "3907"), ("5055", "5056", "5059")}
        assert all(area.before for area in known.history.areas(day_of(2015)))

    @pytest.mark.parametrize(
        ("year", "codes"), [(2015, 428), (2016, 428), (2017, 426), (2018, 422), (2019, 422), (2020, 356), (2024, 357)]
    )
    def test_norway_had_as_many_municipalities(self, known: Known, year: int, codes: int) -> None:
        found = known.history.areas(day_of(year))
        assert sum(len(area.before) for area in found) == codes == len(known.history.codes.valid_on(day_of(year)))
        assert sum(len(area.after) for area in found) == 357

    @pytest.mark.parametrize("middle", [2017, 2018, 2020, 2023, 2024])
    def test_two_steps_lead_where_one_does(self, known: Known, middle: int) -> None:
        told = known.history
        first, second = told.areas(day_of(2015), day_of(middle)), told.areas(day_of(middle))
        assert composed(first, second) == told.areas(day_of(2015))


@needs_recordings
class TestSummedSeries:
    """SSB's own population series in today's municipalities, table 07459 under ``agg_KommSummer``."""

    @pytest.fixture(scope="class")
    def persons(self) -> dict[str, dict[str, float]]:
        """Persons by municipality and year; a year of which every cell is ``.`` is left out."""
        document = orjson.loads((RECORDINGS / "statbank" / "07459@agg_KommSummer.json").read_bytes())
        assert document["id"][0] == "Region" and document["id"][-1] == "Tid"
        shape = document["size"][0], -1, document["size"][-1]
        values = np.array(document["value"], dtype=float).reshape(shape)
        symbols = np.array([document["status"].get(str(cell)) == "." for cell in range(values.size)]).reshape(shape)
        assert np.array_equal(symbols.all(axis=1), symbols.any(axis=1)), "a municipality has a year or has not"
        assert np.array_equal(np.isnan(values), symbols)
        regions, years = (list(document["dimension"][name]["category"]["index"]) for name in ("Region", "Tid"))
        sums = values.sum(axis=1)
        return {
            region.removeprefix("K-"): {
                year: float(total) for year, total in zip(years, row, strict=True) if not np.isnan(total)
            }
            for region, row in zip(regions, sums, strict=True)
        }

    def test_ssb_has_no_figures_where_the_graph_sees_no_past(self, persons: dict[str, dict[str, float]]) -> None:
        """But for Tønsberg and Sandefjord, to which SSB gives figures of other areas than theirs."""
        silent = {(code, year) for code, by_year in persons.items() for year in YEARS if year not in by_year}
        units = region_links(recorded().codes, recorded().changes, YEARS).select("year", "current_unit").unique()
        without = {(code, year) for year, unit in units.rows() for code in unit.split("+") if "+" in unit}
        assert silent <= without
        assert without - silent == {(code, year) for code in ("3905", "3907") for year in ("2015", "2016")}
        assert {code for code, year in silent if year == "2023"} == {"1508", "1580"}
        assert {code for code, year in silent if year == "2019"} == {
            *("1508", "1580", "1806", "1875", "5055", "5056", "5059")
        }
        assert {year for _, year in silent} == set(YEARS[:9])

    def test_the_series_of_tonsberg_and_sandefjord_jump_in_2017_and_their_sum_does_not(
        self, persons: dict[str, dict[str, float]]
    ) -> None:
        tonsberg, sandefjord = ([persons[code][year] for year in YEARS] for code in ("3905", "3907"))
        assert (tonsberg[1:3], sandefjord[1:3]) == ([51637, 54408], [63414, 62019])
        growth = {
            name: np.diff(series) / np.array(series[:-1])
            for name, series in (
                ("tonsberg", np.array(tonsberg)),
                ("sandefjord", np.array(sandefjord)),
                ("both", np.array(tonsberg) + np.array(sandefjord)),
            )
        }
        jump = YEARS.index("2017") - 1
        others = {name: np.delete(rates, jump) for name, rates in growth.items()}
        assert all(0 < rate < 0.014 for rates in others.values() for rate in rates)
        assert growth["tonsberg"][jump] > 0.05
        assert growth["sandefjord"][jump] < -0.02
        assert 0 < growth["both"][jump] < 0.014

    @pytest.mark.parametrize(
        ("year", "receiver", "giver"),
        [("2021", "1535", "1539"), ("2020", "4649", "4602"), ("2020", "4005", "4020"), ("2020", "3228", "3205")],
    )
    def test_the_declared_border_changes_are_seen_in_both_series_and_not_in_their_sum(
        self, persons: dict[str, dict[str, float]], year: str, receiver: str, giver: str
    ) -> None:
        """Vestnes and Rauma, Stad and Kinn, Notodden and Midt-Telemark, Nes and Lillestrøm: figures, not Klass."""
        got, gave = (np.array([persons[code][y] for y in YEARS]) for code in (receiver, giver))
        jump = YEARS.index(year) - 1
        steps = {name: np.diff(series) for name, series in (("got", got), ("gave", gave), ("both", got + gave))}
        usual = {name: np.median(np.delete(step, jump)) for name, step in steps.items()}
        moved = steps["got"][jump] - usual["got"]
        assert moved > 0.02 * got[jump]
        assert -2 * moved < steps["gave"][jump] - usual["gave"] < -0.7 * moved
        assert abs(steps["both"][jump] - usual["both"]) < moved


class TestDeclaredBorderChanges:
    """Parts that changed hands and that Klass' list of changes leaves out: ``schemas/classifications/131.yml``."""

    @pytest.fixture
    def declared(self, known: Known) -> Known:
        contract = load_catalog(PROJECT_ROOT / "schemas").classifications["131"]
        rows = [
            {"old_code": c.old_code, "new_code": c.new_code, "changed_on": day_of(c.changed_on)}
            for c in contract.border_changes
        ]
        return Known(known.codes, with_declared(known.changes, pl.DataFrame(rows)))

    def test_those_who_shared_a_part_are_comparable_only_together_before(self, known: Known, declared: Known) -> None:
        sets: dict[str, set[str]] = {}
        for year in YEARS:
            units = (
                {unit for unit in region_links(k.codes, k.changes, [year])["current_unit"] if "+" in unit}
                for k in (declared, known)
            )
            sets[year] = set.difference(*units)
        before_2020 = {"1535+1539", "3205+3228", "4005+4020", "4602+4649"}
        assert sets == {
            year: before_2020 if year < "2020" else {"1535+1539"} if year < "2021" else set() for year in YEARS
        }

    def test_they_have_names_and_a_kind(self, declared: Known) -> None:
        told = events_of(declared)
        kinds = {
            (old, new): (told[old, new, year].kind, told[old, new, year].edge.old_name)
            for old, new, year in [("1539", "1535", 2021), ("1439", "4649", 2020), ("1439", "4602", 2020)]
        }
        assert kinds == {
            ("1539", "1535"): ("partly_transferred", "Rauma"),
            ("1439", "4649"): ("split", "Vågsøy"),
            ("1439", "4602"): ("split", "Vågsøy"),
        }

    def test_without_any_the_changes_are_those_of_klass(self, known: Known) -> None:
        empty = pl.DataFrame(schema={"old_code": pl.String, "new_code": pl.String, "changed_on": pl.Date})
        assert with_declared(known.changes, empty).equals(
            known.changes.select(with_declared(known.changes, empty).columns)
        )


# Counties.

TOLD = {
    2018: ["16>50", "17>50"],
    2020: [
        *("01>30", "02>30", "06>30", "04>34", "05>34", "07>38", "08>38"),
        *("09>42", "10>42", "12>46", "14>46", "19>54", "20>54"),
    ],
    2024: ["30>31", "30>32", "30>33", "38>39", "38>40", "54>55", "54>56"],
}
"""The county reforms as Klass 104 has them: without municipalities that went another way than their county."""
BORDERS = {2019: ["15>50"], 2020: ["05>30", "07>30", "14>15", "15>50", "18>54"]}
"""Counties between which municipalities moved: Rindal; Jevnaker and Lunner, Svelvik, Hornindal, Halsa, Tjeldsund."""


def moves(of_years: dict[int, list[str]]) -> set[tuple[int, str]]:
    return {(year, move) for year, told in of_years.items() for move in told}


def county_frame(changes: pl.DataFrame) -> pl.DataFrame:
    frame = region_events(of_the_demo().codes, of_the_demo().changes, of_the_demo("104").codes, changes)
    return frame.filter(region_level="county")


@cache
def told_counties() -> pl.DataFrame:
    return county_frame(of_the_demo("104").changes)


@cache
def untold_counties() -> pl.DataFrame:
    return county_frame(of_the_demo("104").changes.clear())


@pytest.fixture(params=["told", "untold"])
def counties(request: pytest.FixtureRequest) -> pl.DataFrame:
    """County events, with what Klass tells of counties and from the municipalities alone."""
    return told_counties() if request.param == "told" else untold_counties()


def moved(frame: pl.DataFrame) -> dict[tuple[int, str], Row]:
    """Rows about two different counties by year and move: ``(2020, '08>38')``."""
    rows = frame.filter(pl.col("old_code") != pl.col("new_code")).rows(named=True)
    return {(row["changed_on"].year, f"{row['old_code'][3:]}>{row['new_code'][3:]}"): row for row in rows}


class TestCounties:
    def test_the_demo_tells_the_known_reforms(self) -> None:
        rows = of_the_demo("104").changes.select("changed_on", "old_code", "new_code").rows()
        assert {(day.year, f"{old}>{new}") for day, old, new in rows} == moves(TOLD)

    def test_the_moves_are_the_reforms_and_the_borders(self, counties: pl.DataFrame) -> None:
        assert set(moved(counties)) == moves(TOLD) | moves(BORDERS)

    def test_kinds_where_klass_tells(self) -> None:
        """The counties split off in 2024 have the names of those of 2019, in whatever languages."""
        kinds = {move: row["kind"] for move, row in moved(told_counties()).items()}
        assert {move for move, kind in kinds.items() if kind == "merged"} == moves({2018: TOLD[2018], 2020: TOLD[2020]})
        assert {move for move, kind in kinds.items() if kind == "partly_transferred"} == moves(BORDERS)
        assert {move for move, kind in kinds.items() if kind == "recreated"} == moves({2024: TOLD[2024]})

    def test_kinds_where_only_the_municipalities_tell(self) -> None:
        """A county that ended and of which municipalities went two ways is seen as split."""
        kinds = {move: row["kind"] for move, row in moved(untold_counties()).items()}
        assert {kinds[move] for move in moves({2018: TOLD[2018]})} == {"merged"}
        assert {kinds[move] for move in moves({2024: TOLD[2024]})} == {"recreated"}
        assert kinds[2019, "15>50"] == kinds[2020, "15>50"] == "partly_transferred"
        assert {move for move, kind in kinds.items() if kind == "split"} == moves(
            {2020: ["05>30", "05>34", "07>30", "07>38", "14>46"]}
        )
        assert {
            kinds[move] for move in moves({2020: ["01>30", "02>30", "06>30", "09>42", "10>42", "19>54", "20>54"]})
        } == {"merged"}

    def test_what_it_means_for_figures_does_not_depend_on_who_tells(self) -> None:
        means = [
            {move: (row["current_codes"], row["counts_add_up"], row["same_area"]) for move, row in moved(frame).items()}
            for frame in (told_counties(), untold_counties())
        ]
        assert means[0] == means[1]

    def test_current_counties_are_those_of_the_demos_smallest_areas(self, counties: pl.DataFrame) -> None:
        """The generator knows of each of its areas in which county it lay each year."""
        county = geography.load().code.astype("U2")
        for (year, move), row in moved(counties).items():
            before = county[:, geography.YEARS.index(year) - 1] == move[:2]
            today = set(county[before, -1].tolist())
            assert set(row["current_codes"].replace("EKA", "").split("+")) == today, (year, move)
            assert row["counts_add_up"] == (len(today) == 1)
            same = len(today) == 1 and np.array_equal(before, county[:, -1] == min(today))
            assert row["same_area"] == same, (year, move)

    @pytest.mark.parametrize(
        ("year", "move", "current", "same_area"),
        [
            (2020, "08>38", "EKA40", True),
            (2024, "38>40", "EKA39+EKA40", False),
            (2020, "20>54", "EKA56", True),
            (2024, "54>56", "EKA55+EKA56", False),
            (2020, "19>54", "EKA55", False),
            (2020, "07>38", "EKA33+EKA39", False),
            (2020, "07>30", "EKA33+EKA39", False),
            (2019, "15>50", "EKA15+EKA50", False),
            (2018, "16>50", "EKA50", False),
            (2020, "09>42", "EKA42", False),
        ],
    )
    def test_a_county(self, counties: pl.DataFrame, year: int, move: str, current: str, same_area: bool) -> None:
        """Telemark and Finnmark have their area of 2019 back. Vestfold lost Svelvik; Troms took in Tjeldsund."""
        row = moved(counties)[year, move]
        assert (row["current_codes"], row["same_area"]) == (current, same_area)

    def test_oslo_and_rogaland_never_changed(self, counties: pl.DataFrame) -> None:
        rows = counties.filter(kind="unchanged").drop("old_name", "new_name", "region_level", "kind").rows()
        assert rows == [(code, code, None, code, True, True) for code in ("EKA03", "EKA11")]

    def test_every_county_has_its_name(self, counties: pl.DataFrame) -> None:
        names = counties.select("old_name", "new_name")
        assert names.null_count().row(0) == (0, 0)
        row = moved(counties)[2020, "08>38"]
        assert (row["old_name"], row["new_name"]) == ("Telemark", "Vestfold og Telemark")
        assert moved(counties)[2019, "15>50"]["old_name"] == "Møre og Romsdal"

    def test_a_day_of_which_klass_tells_nothing_is_read_off_the_municipalities(self) -> None:
        changes = of_the_demo("104").changes.filter(pl.col("changed_on") < date(2024, 1, 1))
        frame = county_frame(changes)
        assert set(moved(frame)) == moves(TOLD) | moves(BORDERS)
        assert moved(frame)[2020, "12>46"]["kind"] == "merged"
        assert moved(frame)[2024, "38>40"]["kind"] == "recreated"

    @needs_recordings
    def test_a_list_of_todays_counties_alone_has_no_names_for_those_gone(self) -> None:
        """The recordings have no answer of 104: only which county each municipality of 2024 lies in."""
        codes = _since_2015(read_classifications(RECORDINGS / "klass")["104"])
        frame = region_events(recorded().codes, recorded().changes, codes, of_the_demo("104").changes.clear())
        found = moved(frame.filter(region_level="county"))
        assert set(found) == moves(TOLD) | moves(BORDERS)
        assert (found[2020, "08>38"]["old_name"], found[2020, "08>38"]["current_codes"]) == (None, "EKA40")


def small_counties(municipalities: tuple[str, str], counties: tuple[str, str]) -> dict[str, tuple[Any, ...]]:
    """County events of a small country: ``01>02`` → kind, today's counties, counts add up, same area."""
    of_municipalities, of_counties = ((codes_of(codes), changes_of(told)) for codes, told in (municipalities, counties))
    frame = region_events(*of_municipalities, *of_counties)
    rows = frame.filter(region_level="county").select(
        pl.concat_str(pl.col("old_code", "new_code").str.slice(3).fill_null("-"), separator=">"),
        *("kind", "current_codes", "counts_add_up", "same_area"),
    )
    return {row[0]: row[1:] for row in rows.rows()}


class TestSmallCounties:
    @pytest.mark.parametrize("told", ["", "01>02 2020"])
    def test_a_county_under_another_code_has_the_same_area_whatever_happened_within(self, told: str) -> None:
        municipalities = "0101 2015..2020 | 0102 2015..2020 | 0201 2020..", "0101>0201 2020 | 0102>0201 2020"
        found = small_counties(municipalities, ("01 2015..2020 | 02 2020..", told))
        assert found == {"01>02": ("renumbered", "EKA02", True, True)}

    def test_a_new_name_leaves_the_county(self) -> None:
        counties = "01=Alfa 2015..2020 | 01=Beta 2020..", "01=Alfa>01=Beta 2020"
        assert small_counties(("0101 2015..", ""), counties) == {"01>01": ("renamed", "EKA01", True, True)}

    def test_a_border_within_one_county_leaves_it_unchanged(self) -> None:
        found = small_counties(("0101 2015.. | 0102 2015..", "0101>0102 2020"), ("01 2015..", ""))
        assert found == {"01>01": ("unchanged", "EKA01", True, True)}

    def test_a_border_between_two_counties_takes_the_history_of_both(self) -> None:
        """A part of a municipality went over the border: neither county's area is known in the other's structure."""
        municipalities = "0101 2015.. | 0201 2015.. | 0301 2015..", "0101>0201 2020"
        found = small_counties(municipalities, ("01 2015.. | 02 2015.. | 03 2015..", ""))
        assert found == {
            "01>02": ("partly_transferred", "EKA01+EKA02", False, False),
            "03>03": ("unchanged", "EKA03", True, True),
        }

    def test_a_county_that_no_one_explains_is_created_or_ended(self) -> None:
        found = small_counties(("0101 2015..", ""), ("01 2015.. | 02 2015..2020 | 03 2020..", ""))
        assert found == {
            "02>-": ("ended", None, False, False),
            "->03": ("created", None, False, False),
            "01>01": ("unchanged", "EKA01", True, True),
        }

    def test_the_unknown_is_no_county(self) -> None:
        assert "99>99" not in small_counties(("0101 2015.. | 9999 2015..", ""), ("01 2015.. | 99 2015..", ""))


# Rows that are not as one would wish.


class TestNullSides:
    BOTH = "A 2015..2020 | B 2015..2020 | C 2020.."

    def test_a_null_side_is_ignored_where_another_row_tells_the_code(self) -> None:
        told = history(self.BOTH, "A>- 2020 | A>C 2020 | B>C 2020 | ->C 2020")
        assert said(told) == ["A>C merged", "B>C merged"]
        assert areas(told, 2019) == ["A+B>C"]

    def test_alone_it_tells_that_a_code_began_or_ended(self) -> None:
        told = history("A 2015.. | B 2015..2020 | C 2020..", "B>- 2020 | ->C 2020")
        assert said(told) == ["->C created", "A>A unchanged", "B>- ended"]
        assert areas(told, 2019) == [">C", "A>A", "B>"]
        for event in told.events():
            if event.kind != "unchanged":
                assert (event.current, event.counts_add_up, event.same_area) == ((), False, False)

    def test_of_a_code_that_stands_on_both_days_it_tells_nothing(self) -> None:
        """The list of codes is right about when a code was valid: its past is kept."""
        told = history("A 2015.. | B 2015..", "->A 2020 | B>- 2020")
        assert said(told) == ["A>A unchanged", "B>B unchanged"]
        assert areas(told, 2019) == ["A>A", "B>B"]

    def test_an_empty_text_is_a_null_side(self) -> None:
        changes = changes_of("->C 2020").with_columns(pl.lit("").alias("old_code"))
        assert said(History(codes_of("A 2015.. | C 2020.."), changes)) == ["->C created", "A>A unchanged"]

    def test_both_sides_null_tell_nothing(self) -> None:
        assert said(history("A 2015..", "->- 2020")) == ["A>A unchanged"]

    def test_it_may_be_entered_from_right_to_left(self) -> None:
        assert said(history("A 2015..2020 | C 2020..", "->A 2020 | C>- 2020")) == ["->C created", "A>- ended"]

    @pytest.mark.parametrize("codes", ["A 2015..2018 | B 2018..", "A 2015..2018 | B 2018-07-01.."])
    def test_codes_may_begin_and_end_without_a_row(self, codes: str) -> None:
        """Named after the list of codes; codes of its first day did not begin then."""
        told = history(codes)
        assert said(told) == ["->B created", "A>- ended"]
        assert areas(told, 2017) == [">B", "A>"]
        names = {event.kind: (event.edge.old_name, event.edge.new_name) for event in told.events()}
        assert names == {"created": (None, "Name B"), "ended": ("Name A", None)}


class TestFromRightToLeft:
    """Klass has had rows whose old and new code were interchanged; when codes were valid tells which they are."""

    @pytest.mark.parametrize(
        ("codes", "right", "turned"),
        [
            ("A 2015..2020 | B 2020..", "A>B 2020", "B>A 2020"),
            ("A 2015..2020 | B 2015..2020 | C 2020..", "A>C 2020 | B>C 2020", "A>C 2020 | C>B 2020"),
            ("A 2015..2020 | B 2015.. | C 2015..2020", "A>B 2020 | C>B 2020", "B>A 2020 | B>C 2020"),
            ("A 2015..2020 | B 2020.. | C 2020..", "A>B 2020 | A>C 2020", "B>A 2020 | C>A 2020"),
            ("A 2015.. | B 2020..", "A>B 2020", "B>A 2020"),
        ],
        ids=["renumbered", "one of two merged", "into one that goes on", "split", "split off"],
    )
    def test_it_is_read_as_it_should_be(self, codes: str, right: str, turned: str) -> None:
        assert history(codes, turned).events() == history(codes, right).events()

    def test_the_names_are_turned_too(self) -> None:
        [event] = history("A 2015..2020 | B=Beta 2020..", "B=Beta>A=Alfa 2020").events()
        assert (event.edge.old_name, event.edge.new_name) == ("Alfa", "Beta")

    def test_between_two_that_go_on_no_one_can_tell_and_it_does_not_matter_for_areas(self) -> None:
        codes = "A 2015.. | B 2015.."
        for row in ("A>B 2020", "B>A 2020"):
            assert areas(history(codes, row), 2019) == ["A+B>A+B"]

    @pytest.mark.parametrize("row", ["X>A 2015", "A>X 2015"])
    def test_on_the_first_day_of_the_list_the_code_it_has_is_the_newer(self, row: str) -> None:
        assert said(history("A 2015..2020 | B 2020..", f"{row} | A>B 2020")) == ["A>B renumbered", "X>A renumbered"]

    def test_it_stays_as_it_is_where_the_list_of_codes_is_against_it_either_way(self) -> None:
        assert said(history("A 2015..2020 | B 2015..2020", "A>B 2020")) == ["A>B renumbered", "B>- ended"]


class TestBordersAndPartners:
    def test_a_border_row_joins_both_when_giver_and_receiver_go_on(self) -> None:
        told = history("A 2015.. | B 2015.. | C 2015..", "A>B 2020")
        assert said(told) == [*(f"{move} partly_transferred" for move in ("A>A", "A>B", "B>B")), "C>C unchanged"]
        assert areas(told, 2019) == ["A+B>A+B", "C>C"]
        assert areas(told, 2020) == ["A>A", "B>B", "C>C"]

    @pytest.mark.parametrize("rows", ["B>A 2020", "B>A 2020 | A>A 2020"])
    def test_a_code_that_took_in_another_need_not_be_named_as_its_own_successor(self, rows: str) -> None:
        told = history("A 2015.. | B 2015..2020", rows)
        assert said(told) == ["A>A merged", "B>A merged"]
        assert areas(told, 2019) == ["A+B>A"]
        assert {event.edge.old_name for event in told.events()} == {"Name A", "Name B"}

    def test_a_code_that_gave_and_received_on_the_same_day_goes_on_under_its_name(self) -> None:
        told = history("A 2015.. | B 2015.. | C 2015..", "A>B 2020 | B>C 2020")
        assert said(told) == [f"{move} partly_transferred" for move in ("A>A", "A>B", "B>B", "B>C", "C>C")]
        assert areas(told, 2019) == ["A+B+C>A+B+C"]

    def test_its_name_may_gain_a_language_meanwhile(self) -> None:
        codes = "A 2015.. | B=Rana 2015..2020 | B=Rana - Raane 2020.. | C 2015.."
        assert "B>B partly_transferred" in said(history(codes, "A>B=Rana - Raane 2020 | B=Rana>C 2020"))

    def test_a_code_handed_to_another_area_on_the_same_day_is_two_renumberings(self) -> None:
        codes = "A=Alfa 2015..2020 | B=Beta 2015..2020 | B=Alfa 2020.. | C=Beta 2020.."
        told = history(codes, "A=Alfa>B=Alfa 2020 | B=Beta>C=Beta 2020")
        assert said(told) == ["A>B renumbered", "B>C renumbered"]
        assert areas(told, 2019) == ["A>B", "B>C"]

    def test_two_codes_that_change_places_keep_their_areas(self) -> None:
        codes = "A=Alfa 2015..2020 | A=Beta 2020.. | B=Beta 2015..2020 | B=Alfa 2020.."
        told = history(codes, "A=Alfa>B=Alfa 2020 | B=Beta>A=Beta 2020")
        assert said(told) == ["A>B renumbered", "B>A renumbered"]
        assert areas(told, 2019) == ["A>B", "B>A"]

    def test_areas_that_part_and_meet_again_are_one_in_between(self) -> None:
        """The graph cannot see that two parts are the two that were merged, and does not guess."""
        told = history(
            "A 2015..2018 | B 2015..2018 | C 2018..2020 | D 2020.. | E 2020..",
            "A>C 2018 | B>C 2018 | C>D 2020 | C>E 2020",
        )
        assert areas(told, 2016, 2018) == ["A+B>C"]
        assert areas(told, 2016) == ["A+B>D+E"]
        assert areas(told, 2019) == ["C>D+E"]


class TestRecreated:
    MERGED = "A 2015..2018 | B=Haram 2015..2018 | C=Vest 2018..2020 | D=Vest 2020.. | E={} 2020.."
    ROWS = "A>C=Vest 2018 | B=Haram>C=Vest 2018 | C=Vest>D=Vest 2020 | C=Vest>E={} 2020"

    @pytest.mark.parametrize("name", ["Haram", "HARAM", "Haram (Møre og Romsdal)", "Háram - Haram", "Haram – Háram"])
    def test_it_has_the_name_of_one_merged_earlier(self, name: str) -> None:
        found = said(history(self.MERGED.format(name), self.ROWS.format(name)))
        assert {"C>E recreated", "C>D split"} <= set(found)

    @pytest.mark.parametrize("name", ["Ny", "Vest", "Haramsøy"])
    def test_any_other_name_is_a_split(self, name: str) -> None:
        assert "C>E split" in said(history(self.MERGED.format(name), self.ROWS.format(name)))

    def test_the_merger_may_have_been_renumbered_since(self) -> None:
        told = history(
            "A 2015..2016 | B=Haram 2015..2016 | C 2016..2018 | D 2018..2020 | E 2020.. | F=Haram 2020..",
            "A>C 2016 | B=Haram>C 2016 | C>D 2018 | D>E 2020 | D>F=Haram 2020",
        )
        assert "D>F recreated" in said(told)

    def test_the_one_it_left_may_go_on(self) -> None:
        told = history(
            "A 2015.. | B=Haram 2015..2018 | E=Haram 2020..",
            "B=Haram>A 2018 | A>E=Haram 2020",
        )
        assert {"A>E recreated", "A>A partly_transferred"} <= set(said(told))

    def test_one_merged_on_the_same_day_was_not_merged_earlier(self) -> None:
        told = history("A 2015.. | B=Haram 2015..2020 | E=Haram 2020..", "B=Haram>A 2020 | A>E=Haram 2020")
        assert "A>E partly_transferred" in said(told)

    def test_a_row_without_names_takes_them_from_the_list_of_codes(self) -> None:
        rows = changes_of(self.ROWS.format("Haram")).with_columns(
            pl.lit(None, pl.String).alias("old_name"), pl.lit(None, pl.String).alias("new_name")
        )
        assert "C>E recreated" in said(History(codes_of(self.MERGED.format("Haram")), rows))

    def test_codes_without_any_name_are_split(self) -> None:
        rows = changes_of(self.ROWS.format("Haram")).with_columns(
            pl.lit(None, pl.String).alias("old_name"), pl.lit(None, pl.String).alias("new_name")
        )
        codes = codes_of(self.MERGED.format("Haram")).with_columns(pl.lit(None, pl.String).alias("name"))
        assert {"C>D split", "C>E split"} <= set(said(History(codes, rows)))


class TestOddities:
    def test_repeated_rows_are_one_event(self) -> None:
        told = history("A 2015..2020 | B 2020..", "A>B 2020 | A>B 2020 | B>A 2020 | A=Spelt otherwise>B 2020")
        assert said(told) == ["A>B renumbered"]

    def test_a_change_of_name_is_told_beside_a_row_that_says_the_code_goes_on(self) -> None:
        codes = "A=Alfa 2015..2020 | A=Beta 2020.."
        for rows in ("A=Alfa>A=Beta 2020 | A=Alfa>A=Alfa 2020", "A=Alfa>A=Alfa 2020 | A=Alfa>A=Beta 2020"):
            [event] = history(codes, rows).events()
            assert (event.kind, event.edge.new_name) == ("renamed", "Beta")

    def test_the_names_of_a_row_win_over_those_of_the_list_of_codes(self) -> None:
        told = history("A=Charlie 2015.. | B 2015..2020", "A=Bravo>A=Bravo 2020 | B>A=Bravo 2020")
        assert {event.edge.old_name for event in told.events()} == {"Bravo", "Name B"}

    def test_a_change_of_name_alone_leaves_the_area(self) -> None:
        told = history("A=Alfa 2015..2020 | A=Beta 2020..", "A=Alfa>A=Beta 2020")
        [event] = told.events()
        assert (event.kind, event.current, event.same_area) == ("renamed", ("A",), True)
        assert areas(told, 2019) == ["A>A"]

    def test_a_row_by_which_nothing_changed_leaves_the_code_unchanged(self) -> None:
        [event] = history("A 2015..", "A>A 2020").events()
        assert (event.kind, event.current, event.same_area) == ("unchanged", ("A",), True)

    def test_several_names_of_a_code_are_one_code(self) -> None:
        told = history("A=Beta 2018..2021 | A=Alfa 2015..2018 | A=Gamma 2021..")
        assert said(told) == ["A>A unchanged"]
        assert told.codes.valid_on(date(2018, 1, 1)) == told.codes.valid_on(date(2030, 1, 1)) == {"A"}
        assert [told.codes.name("A", day_of(year)) for year in (2014, 2017, 2018, 2025)] == [
            "Alfa",
            "Alfa",
            "Beta",
            "Gamma",
        ]
        assert (told.codes.name("A"), told.codes.name("B")) == ("Gamma", None)

    def test_names_whose_validity_overlaps_are_one_life(self) -> None:
        told = history("A=Alfa 2015..2020 | A=Beta 2016..2018 | B 2020..", "A>B 2020")
        assert said(told) == ["A>B renumbered"]

    def test_a_code_used_again_after_a_gap_has_two_lives(self) -> None:
        told = history("X=Old 2015..2017 | X=New 2020.. | Y 2017.. | Z 2015..2020", "X=Old>Y 2017 | Z>X=New 2020")
        assert said(told) == ["X>Y renumbered", "Z>X renumbered"]
        assert areas(told, 2016) == ["X>Y", "Z>X"]
        assert areas(told, 2018) == ["Y>Y", "Z>X"]
        assert areas(told, 2021) == ["X>X", "Y>Y"]
        assert areas(told, 2016, 2021) == ["X>Y", "Z>X"]

    def test_two_lives_without_rows_are_not_joined_either(self) -> None:
        told = history("X 2015..2017 | X 2020..")
        assert said(told) == ["->X created", "X>- ended"]
        assert areas(told, 2016) == [">X", "X>"]
        assert areas(told, 2018) == [">X"]

    def test_the_unknown_is_no_place(self) -> None:
        told = history("A 2015..2020 | 9999=Uoppgitt 2015.. | 99=Uoppgitt 2015..", "A>9999 2020 | 9999>99 2020")
        assert said(told) == ["A>- ended"]
        assert areas(told, 2019) == ["A>"]

    def test_a_change_in_the_middle_of_a_year(self) -> None:
        codes, changes = codes_of("A 2015..2020-07-01 | B 2020-07-01.."), changes_of("A>B 2020-07-01")
        told = History(codes, changes)
        assert areas(told, "2020-06-30") == ["A>B"]
        assert areas(told, "2020-07-01") == ["B>B"]
        assert areas(told, "2020-01-01", "2020-06-30") == ["A>A"]
        links = region_links(codes, changes, ["2020", "2021"])
        assert links.rows() == [("2020", "A", "B", True), ("2021", "B", "B", True)]
        steps = region_steps(codes, changes, ["2020", "2021"]).filter(side="before")
        assert steps["step"].to_list() == ["A>A", "A>B"]

    def test_two_changes_within_a_year(self) -> None:
        told = history(
            "A 2015..2020-03-01 | B 2020-03-01..2020-09-01 | C 2020-09-01..", "A>B 2020-03-01 | B>C 2020-09-01"
        )
        assert areas(told, 2020, 2021) == ["A>C"]

    def test_changes_from_before_the_list_of_codes_begins_are_believed(self) -> None:
        told = history("C 2015..", "A>C 2012 | B>C 2012")
        assert said(told) == ["A>C merged", "B>C merged"]
        assert areas(told, 2011) == ["A+B>C"]

    def test_nothing_known_is_nothing_told(self) -> None:
        codes, changes = codes_of(""), changes_of("")
        assert (History(codes, changes).events(), History(codes, changes).areas(day_of(2020))) == ([], [])
        assert region_links(codes, changes, YEARS).equals(pl.DataFrame(schema=LINKS))
        assert region_steps(codes, changes, YEARS).equals(pl.DataFrame(schema=STEPS))
        assert region_events(codes, changes, codes, changes).equals(pl.DataFrame(schema=EVENTS))

    def test_no_changes_leave_every_code_as_it_is(self) -> None:
        told = history("A 2015.. | B 2015..")
        assert said(told) == ["A>A unchanged", "B>B unchanged"]
        assert areas(told, 2015) == ["A>A", "B>B"]

    def test_rows_about_codes_that_no_list_has(self) -> None:
        told = history("", "A>B 2020")
        assert said(told) == ["A>B renumbered"]
        assert told.areas(day_of(2019)) == []

    def test_every_kind_is_explained(self) -> None:
        assert set(KINDS) == set(get_args(Kind))


# Frames.


class TestFrames:
    CODES = codes_of(
        "A 2015..2020 | B 2015..2020 | C 2020..2022 | D 2022.. | E 2022.. | F 2015.. | G 2015..2017 | H 2018.."
    )
    CHANGES = changes_of("A>C 2020 | B>C 2020 | C>D 2022 | C>E 2022")

    def test_links_have_a_row_per_year_and_valid_code(self) -> None:
        links = region_links(self.CODES, self.CHANGES, ["2022", "2016", "2021"])
        assert dict(links.schema) == LINKS
        assert links.rows() == [
            ("2016", "G", None, False),
            ("2016", "A", "D+E", False),
            ("2016", "B", "D+E", False),
            ("2016", "F", "F", True),
            ("2021", "C", "D+E", False),
            ("2021", "F", "F", True),
            ("2021", "H", "H", True),
            ("2022", "D", "D", True),
            ("2022", "E", "E", True),
            ("2022", "F", "F", True),
            ("2022", "H", "H", True),
        ]

    def test_steps_have_a_row_per_year_side_and_code(self) -> None:
        steps = region_steps(self.CODES, self.CHANGES, ["2020", "2018"])
        assert dict(steps.schema) == STEPS
        assert steps.rows() == [
            ("2018", "A>A", "before", "A"),
            ("2018", "A>A", "after", "A"),
            ("2018", "B>B", "before", "B"),
            ("2018", "B>B", "after", "B"),
            ("2018", "F>F", "before", "F"),
            ("2018", "F>F", "after", "F"),
            ("2018", ">H", "after", "H"),
            ("2020", "A+B>C", "before", "A"),
            ("2020", "A+B>C", "before", "B"),
            ("2020", "A+B>C", "after", "C"),
            ("2020", "F>F", "before", "F"),
            ("2020", "F>F", "after", "F"),
            ("2020", "H>H", "before", "H"),
            ("2020", "H>H", "after", "H"),
        ]

    def test_the_links_of_norway(self, known: Known) -> None:
        links = region_links(known.codes, known.changes, YEARS)
        assert links.select(pl.struct("year", "region_code").is_duplicated().any()).item() is False
        assert links["current_unit"].null_count() == 0
        for (year,), of_year in links.group_by("year"):
            assert set(of_year["region_code"]) == known.history.codes.valid_on(day_of(str(year)))
            today = [code for unit in of_year["current_unit"].unique() for code in unit.split("+")]
            assert sorted(today) == sorted(known.history.codes.valid_on(LATEST))
        assert links.filter(year="2026")["current_unit"].equals(links.filter(year="2026")["region_code"])
        rows = {(year, code): (unit, same) for year, code, unit, same in links.rows()}
        assert rows["2019", "0219"] == rows["2022", "3024"] == ("3201", True)
        assert rows["2019", "1852"] == ("5512", False)
        assert rows["2019", "5012"] == rows["2017", "1571"] == ("5055+5056+5059", False)

    def test_the_steps_of_norway_in_quiet_years_are_each_to_itself(self, known: Known) -> None:
        steps = region_steps(known.codes, known.changes, YEARS)
        changed = (
            steps.group_by("year", "step")
            .agg(pl.col("region_code").unique())
            .filter(pl.col("region_code").list.len() > 1)
        )
        assert set(changed["year"]) == {"2017", "2018", "2019", "2020", "2024"}
        per_side = steps.group_by("year", "side").agg(pl.len(), pl.col("region_code").n_unique().alias("codes"))
        assert per_side.filter(pl.col("len") != pl.col("codes")).is_empty()

    def test_events_have_the_kostra_code_of_counties_and_one_row_per_change(self) -> None:
        demo, county = of_the_demo(), of_the_demo("104")
        frame = region_events(demo.codes, demo.changes, county.codes, county.changes)
        assert dict(frame.schema) == EVENTS
        key = ["region_level", "old_code", "new_code", "changed_on"]
        assert not frame.select(pl.struct(key).is_duplicated().any()).item()
        lengths = frame.group_by("region_level").agg(pl.col("old_code").str.len_chars().unique())
        assert dict(lengths.rows()) == {"municipality": [4], "county": [5]}
        assert frame.filter(pl.col("changed_on").is_null())["kind"].unique().to_list() == ["unchanged"]
        assert (frame["counts_add_up"] == ~frame["current_codes"].str.contains("+", literal=True)).all()
        assert frame.filter(pl.col("same_area") & ~pl.col("counts_add_up")).is_empty()

    def test_events_without_a_counterpart_have_no_codes_of_today(self) -> None:
        frame = region_events(self.CODES, self.CHANGES, codes_of(""), changes_of(""))
        rows = frame.filter(pl.col("kind").is_in(["created", "ended"]))
        assert rows.drop("old_name", "new_name").rows() == [
            ("municipality", "G", None, date(2017, 1, 1), "ended", None, False, False),
            ("municipality", None, "H", date(2018, 1, 1), "created", None, False, False),
        ]


class TestAnyCountry:
    @settings(max_examples=150, deadline=None)
    @given(countries(), SPAN)
    def test_areas_are_the_true_ones_and_the_smallest(self, country: Country, span: tuple[date, date]) -> None:
        """Every valid code is in one area, both sides are the same atoms, and no smaller sets are known to be."""
        start, end = span
        found = country.history().areas(start, end)
        before, after = country.on(start), country.on(end)
        assert sorted(code for area in found for code in area.before) == sorted(before)
        assert sorted(code for area in found for code in area.after) == sorted(after)
        for area in found:
            assert atoms_of(before, area.before) == atoms_of(after, area.after)
        assert set(found) == country.areas(start, end)

    @settings(max_examples=100, deadline=None)
    @given(countries(), DAYS, SPAN)
    def test_two_steps_lead_where_one_does(self, country: Country, other: date, span: tuple[date, date]) -> None:
        start, middle, end = sorted((other, *span))
        told = country.history()
        assert composed(told.areas(start, middle), told.areas(middle, end)) == told.areas(start, end)

    @settings(max_examples=150, deadline=None)
    @given(countries())
    def test_every_event_has_its_kind_and_todays_area(self, country: Country) -> None:
        events = country.history().events()
        happened = {(e.kind, e.edge.old, e.edge.new, e.edge.day) for e in events if e.kind != "unchanged"}
        assert happened == country.kinds
        assert len(events) - len(country.kinds) == sum(e.kind == "unchanged" for e in events)
        touched = {code for _, old, new, _ in country.kinds for code in (old, new)}
        assert {e.edge.old for e in events if e.kind == "unchanged"} == set(country.today) - touched
        for event in events:
            if event.kind != "unchanged":
                assert_current(country, event)

    @settings(max_examples=100, deadline=None)
    @given(countries())
    def test_no_one_is_lost_or_counted_twice(self, country: Country) -> None:
        """Counts of each year's codes, summed to the sets of today's, are those of the atoms in them."""
        years = [str(year) for year in range(2015, 2024)]
        links = region_links(country.codes(), country.changes(), years)
        for (name,), of_year in links.group_by("year"):
            year = int(str(name))
            state = country.on(date(year, 1, 1))
            units: Counter[str] = Counter()
            for code, unit in of_year.select("region_code", "current_unit").iter_rows():
                units[unit] += persons(state[code].atoms, year)
            assert units.total() == persons(country.atoms, year)
            for unit, total in units.items():
                assert total == persons(atoms_of(country.today, unit.split("+")), year)
            for code, unit in of_year.filter("same_area").select("region_code", "current_unit").iter_rows():
                assert state[code].atoms == country.today[unit].atoms

    @settings(max_examples=60, deadline=None)
    @given(countries())
    def test_steps_from_year_to_year_are_the_true_areas(self, country: Country) -> None:
        steps = region_steps(country.codes(), country.changes(), ["2017", "2019", "2020"])
        for (name,), of_year in steps.group_by("year"):
            year = int(str(name))
            sides: dict[str, dict[str, list[str]]] = defaultdict(lambda: {"before": [], "after": []})
            for step, side, code in of_year.select("step", "side", "region_code").iter_rows():
                sides[step][side].append(code)
            found = {Area(tuple(sorted(s["before"])), tuple(sorted(s["after"]))) for s in sides.values()}
            assert found == country.areas(date(year - 1, 1, 1), date(year, 1, 1))

    @settings(max_examples=60, deadline=None)
    @given(countries(NEVER_CHANGED_AREA), SPAN)
    def test_new_numbers_lead_to_today_and_back(self, country: Country, span: tuple[date, date]) -> None:
        """Forward at once and back step by step: every code arrives where it was, and all rates may be carried."""
        start, end = span
        told = country.history()
        after, before = one_to_one(told.areas(start, end))
        forth = dict(zip(before, after, strict=True))
        back = {code: code for code in country.on(end)}
        days = [start, *(day for day in told.days if start < day < end), end]
        for one, next_one in reversed(list(pairwise(days))):
            was = dict(zip(*one_to_one(told.areas(one, next_one)), strict=True))
            back = {later: was[now] for later, now in back.items()}
        assert {code: back[later] for code, later in forth.items()} == {code: code for code in country.on(start)}
        assert all(event.same_area for event in told.events())

    @settings(max_examples=100, deadline=None)
    @given(countries(), st.data())
    def test_the_order_and_the_direction_of_rows_change_nothing(self, country: Country, data: st.DataObject) -> None:
        """A row may stand anywhere, and from right to left where the list of codes shows which code is the older."""
        rows = data.draw(st.permutations(country.rows))
        turned = [turn(row) if can_tell(country, row) and data.draw(st.booleans()) else row for row in rows]
        codes = country.codes().sample(fraction=1, shuffle=True, seed=data.draw(st.integers(0, 9)))
        assert History(codes, country.changes(turned)).events() == country.history().events()


def test_the_random_countries_are_worth_something() -> None:
    """Every kind of event and every oddity occurs among them, so that the properties are about something."""
    seen: Counter[str] = Counter()
    whole = date(2015, 1, 1), date(2030, 1, 1)

    @settings(max_examples=150, deadline=None, database=None, derandomize=True)
    @given(countries())
    def look(country: Country) -> None:
        seen.update(kind for kind, *_ in country.kinds)
        told = {(row[0], row[2], row[4]) for row in country.rows}
        seen["left out"] += any((old, new, day) not in told for _, old, new, day in country.kinds)
        seen["null side"] += any(row[0] is None or row[2] is None for row in country.rows)
        seen["turnable"] += any(can_tell(country, row) for row in country.rows)
        seen["several lives"] += any(lives(country, code) > 1 for code in {c for _, s in country.states for c in s})
        seen["several to several"] += any(len(a.before) > 1 and len(a.after) > 1 for a in country.areas(*whole))

    look()
    expected = {"renamed", "renumbered", "merged", "split", "partly_transferred", "recreated"}
    expected |= {"left out", "null side", "turnable", "several lives", "several to several"}
    assert {name for name in expected if seen[name] < 3} == set()
