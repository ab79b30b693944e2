"""Codes in time: what happened to each code, and which codes together cover the same area on two days.

Here belongs the graph of code changes of one classification, and its classification by kind of event. Not here:
asking Klass (``client``) and what follows for figures (``dbt/models/core``).

The smallest sets of codes that cover the same area on all days between two are the connected components of the
changes between them, as in ``find_equivalent_codes`` of Statistics Norway's package klassR.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Literal

import polars as pl

Kind = Literal[
    "renamed", "renumbered", "merged", "split", "partly_transferred", "recreated", "created", "ended", "unchanged"
]
KINDS: dict[Kind, str] = {
    "unchanged": "the code stands as it was",
    "renamed": "the same code and area under another name",
    "renumbered": "the same area under another code",
    "merged": "the whole area became part of a larger one, with the whole of at least one other",
    "split": "the area was divided and the code ended",
    "partly_transferred": "part of an area changed hands and giver or receiver goes on; both carry this kind",
    "recreated": "split off under the name of one that had been merged into it; not a renumbering of that",
    "created": "the code began, and the source does not say from what",
    "ended": "the code ended, and the source does not say into what",
}
UNKNOWN = {"9999", "99"}
"""Codes for areas that are not known: no place, so without history."""
_BRACKET = re.compile(r" *\([^)]*\)$")
_BETWEEN_LANGUAGES = re.compile(r"\s+[-–]\s+")
DAY = timedelta(days=1)
LATEST = date.max - DAY
"""A day on which the codes valid are those without an end: today's."""


@dataclass(frozen=True)
class Edge:
    """One old code, or part of it, becoming one new code, or part of it. A side is None where nothing is told."""

    old: str | None
    new: str | None
    day: date
    old_name: str | None
    new_name: str | None

    @property
    def turned(self) -> Edge:
        """The same change read from right to left."""
        return Edge(self.new, self.old, self.day, self.new_name, self.old_name)


@dataclass(frozen=True)
class Event:
    """An edge, or a code that stood still, with what it means for figures.

    Attributes:
        kind: see ``KINDS``.
        edge: the change; ``day`` is the first day of the list of codes where nothing changed.
        current: today's codes of the smallest set that covers the old code's area; empty where not known.
        same_area: whether ``current`` is one code with exactly the old code's area, so that rates carry over too.
    """

    kind: Kind
    edge: Edge
    current: tuple[str, ...]
    same_area: bool

    @property
    def counts_add_up(self) -> bool:
        """Whether counts of the old code belong wholly to one of today's codes."""
        return len(self.current) == 1


@dataclass(frozen=True)
class Area:
    """Codes of two days that together cover the same area, and no part of them does."""

    before: tuple[str, ...]
    after: tuple[str, ...]


class History:
    """The changes of one classification as a graph.

    Args:
        codes: ``code, name, valid_from, valid_to`` (exclusive, null while valid), as ``klass.client`` decodes them.
        changes: ``old_code, old_name, new_code, new_name, changed_on``; null sides, rows entered from right to left,
            repeated rows and rows of name changes are allowed.
    """

    def __init__(self, codes: pl.DataFrame, changes: pl.DataFrame) -> None:
        codes = codes.filter(~pl.col("code").is_in(UNKNOWN)).sort("valid_from")
        self._validity = _validity(codes)
        self._names = _names(codes)
        self._first_day: date = min((spells[0][0] for spells in self._validity.values()), default=date.max)
        self.edges = self._completed(_read(changes))

    def valid_on(self, day: date) -> set[str]:
        """Codes that the list of codes has on a day."""
        return {code for code, spells in self._validity.items() if any(s <= day < e for s, e in spells)}

    @cached_property
    def days(self) -> list[date]:
        """Days on which codes changed, the first first."""
        return sorted({edge.day for edge in self.edges})

    def areas(self, start: date, end: date = LATEST) -> list[Area]:
        """The smallest sets of codes that cover the same area on all days from ``start`` to ``end``.

        Every code valid on either day is in exactly one. An area without codes on one side has no known
        counterpart there.
        """
        groups = _Groups(self.valid_on(end))
        holder = {code: code for code in groups.members}
        for day in (day for day in reversed(self.days) if start < day <= end):
            holder = self._step_back(day, holder, groups)
        before: dict[str, list[str]] = defaultdict(list)
        for code, member in holder.items():
            before[groups.root(member)].append(code)
        after = groups.sets()
        found = [Area(tuple(sorted(before[root])), tuple(sorted(codes))) for root, codes in after.items()]
        lost = self.valid_on(start) - set(holder) if start >= self._first_day else set()
        return sorted([*found, *(Area((code,), ()) for code in lost)], key=lambda a: (a.after, a.before))

    def _step_back(self, day: date, holder: dict[str, str], groups: _Groups) -> dict[str, str]:
        """Code → one of today's codes of its area, for the day before ``day``; joins today's codes on the way."""
        of_day = [edge for edge in self.edges if edge.day == day]
        touched = {edge.new for edge in of_day}
        before = {code: member for code, member in holder.items() if code not in touched}
        for edge in of_day:
            if edge.old is not None and edge.new in holder:
                member = holder[edge.new]
                groups.join(before.setdefault(edge.old, member), member)
        return before

    def events(self) -> list[Event]:
        """Every change with its kind and today's area, and one row for every code that never changed."""
        events = []
        for day in self.days:
            areas = {code: area for area in self.areas(day - DAY) for code in area.before}
            for kind, edge in self.kinds(day):
                area = areas.get(edge.old or "", Area((), ()))
                events.append(Event(kind, edge, area.after, len(area.after) == len(area.before) == 1))
        return events + [Event("unchanged", edge, (edge.old or "",), True) for edge in self.unchanged()]

    def kinds(self, day: date) -> list[tuple[Kind, Edge]]:
        """The changes of a day, each with what kind of event it is."""
        of_day = sorted((e for e in self.edges if e.day == day), key=lambda e: (e.old or "", e.new or ""))
        kinds = ((self._kind(edge, of_day), edge) for edge in of_day)
        return [(kind, edge) for kind, edge in kinds if kind != "unchanged"]

    def unchanged(self) -> list[Edge]:
        """Codes valid today that nothing ever happened to, each as an edge to itself on the first day known."""
        changed = {code for day in self.days for _, edge in self.kinds(day) for code in (edge.old, edge.new)}
        still = sorted(self.valid_on(LATEST) - changed)
        return [Edge(code, code, self._first_day, self.name(code), self.name(code)) for code in still]

    def name(self, code: str | None, day: date = LATEST) -> str | None:
        """The name of a code on a day, or the one nearest to it, where the list of codes has it."""
        names = self._names.get(code or "", [])
        return next((name for start, name in reversed(names) if start <= day), names[0][1] if names else None)

    def _kind(self, edge: Edge, of_day: list[Edge]) -> Kind:
        if edge.old is None:
            return "created"
        if edge.new is None:
            return "ended"
        successors = {e.new for e in of_day if e.old == edge.old}
        predecessors = {e.old for e in of_day if e.new == edge.new}
        if len(successors) > 1:
            return self._kind_of_part(edge, successors, predecessors)
        if len(predecessors) == 1:
            return "renumbered" if edge.old != edge.new else _renamed(edge)
        whole = [old for old in predecessors if len({e.new for e in of_day if e.old == old}) == 1]
        return "merged" if len(whole) > 1 else "partly_transferred"

    def _kind_of_part(self, edge: Edge, successors: set[str | None], predecessors: set[str | None]) -> Kind:
        giver_goes_on = edge.old in successors
        receiver_went_on = edge.new in predecessors
        if not receiver_went_on and self._carries_a_former_name(edge):
            return "recreated"
        return "partly_transferred" if giver_goes_on or receiver_went_on else "split"

    def _carries_a_former_name(self, edge: Edge) -> bool:
        name = _parts(edge.new_name)
        return name.isdisjoint(_parts(edge.old_name)) and not name.isdisjoint(self._merged_into(edge.old, edge.day))

    def _merged_into(self, code: str | None, before: date) -> set[str]:
        """Names, in each language, of what became part of a code earlier, however many steps ago."""
        names: set[str] = set()
        for edge in self.edges:
            if edge.new == code and edge.day < before and edge.old is not None:
                names |= _parts(edge.old_name) | (self._merged_into(edge.old, edge.day) if edge.old != code else set())
        return names

    def _completed(self, edges: Iterable[Edge]) -> list[Edge]:
        """Edges read the right way, each once and named, and with what the list of codes alone knows."""
        edges = [self._named(edge.turned if self._backwards(edge) else edge) for edge in edges]
        told_old = {(edge.old, edge.day) for edge in edges if edge.new is not None}
        told_new = {(edge.new, edge.day) for edge in edges if edge.old is not None}
        edges = [
            edge
            for edge in edges
            if not (edge.new is None and ((edge.old, edge.day) in told_old or self._stands(edge.old, edge.day)))
            and not (edge.old is None and ((edge.new, edge.day) in told_new or self._stands(edge.new, edge.day - DAY)))
        ]
        return _once([*edges, *self._goes_on(edges), *self._untold(edges)])

    def _named(self, edge: Edge) -> Edge:
        """The edge with names from the list of codes where the row has none."""
        old_name = edge.old_name or self.name(edge.old, edge.day - DAY)
        new_name = edge.new_name or self.name(edge.new, edge.day)
        return Edge(edge.old, edge.new, edge.day, old_name, new_name)

    def _backwards(self, edge: Edge) -> bool:
        """Whether the row reads from right to left: its old code began that day, or its new code ended then."""
        as_told = self._ends(edge.old, edge.day) or self._begins(edge.new, edge.day)
        turned = self._ends(edge.new, edge.day) or self._begins(edge.old, edge.day)
        return turned and not as_told

    def _goes_on(self, edges: list[Edge]) -> Iterator[Edge]:
        """Edges from a code to itself that the rows leave out: it gave or received a part and stands on both days.

        A code that did both went on if its name did; else the whole area left it and another one got the code.
        """
        given = {(edge.old, edge.day): edge.old_name for edge in edges if edge.new is not None}
        received = {(edge.new, edge.day): edge.new_name for edge in edges if edge.old is not None}
        told = {(edge.old, edge.day) for edge in edges if edge.old == edge.new}
        for key in (given.keys() | received.keys()) - told:
            code, day = key
            did_both = key in given and key in received
            another = did_both and _parts(given[key]).isdisjoint(_parts(received[key]))
            if not another and self._stands(code, day - DAY) and self._stands(code, day):
                yield self._named(Edge(code, code, day, None, None))

    def _untold(self, edges: list[Edge]) -> Iterator[Edge]:
        """Codes that begin or end in the list of codes without a row that says from or into what."""
        given = {(edge.old, edge.day) for edge in edges}
        received = {(edge.new, edge.day) for edge in edges}
        for code, spells in self._validity.items():
            for start, end in spells:
                if start > self._first_day and (code, start) not in received:
                    yield self._named(Edge(None, code, start, None, None))
                if end != date.max and (code, end) not in given:
                    yield self._named(Edge(code, None, end, None, None))

    def _stands(self, code: str | None, day: date) -> bool:
        return any(start <= day < end for start, end in self._validity.get(code or "", []))

    def _begins(self, code: str | None, day: date) -> bool:
        return any(start == day for start, _ in self._validity.get(code or "", []))

    def _ends(self, code: str | None, day: date) -> bool:
        return any(end == day for _, end in self._validity.get(code or "", []))


class _Groups:
    """Disjoint sets of codes that grow together."""

    def __init__(self, members: Iterable[str]) -> None:
        self._parent = {member: member for member in members}

    @property
    def members(self) -> Iterable[str]:
        return self._parent

    def root(self, member: str) -> str:
        while self._parent[member] != member:
            member = self._parent[member]
        return member

    def join(self, one: str, other: str) -> None:
        first, second = sorted((self.root(one), self.root(other)))
        self._parent[second] = first

    def sets(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for member in self._parent:
            found[self.root(member)].append(member)
        return found


def _read(changes: pl.DataFrame) -> Iterator[Edge]:
    columns = ("old_code", "new_code", "changed_on", "old_name", "new_name")
    for old, new, day, old_name, new_name in changes.select(columns).iter_rows():
        if UNKNOWN.isdisjoint({old, new}) and (old or new):
            yield Edge(old or None, new or None, day, old_name, new_name)


def _once(edges: Iterable[Edge]) -> list[Edge]:
    """Each change once; of rows that differ in names only, one that tells of a new name, whatever their order."""
    by_names = sorted(edges, key=lambda e: (e.old_name != e.new_name, e.old_name or "", e.new_name or ""))
    once = {(edge.old or "", edge.new or "", edge.day): edge for edge in by_names}
    return [once[key] for key in sorted(once)]


def _validity(codes: pl.DataFrame) -> dict[str, list[tuple[date, date]]]:
    """Days on which each code was valid, whatever its name; the end is not included, and far away while valid."""
    spells: dict[str, list[tuple[date, date]]] = defaultdict(list)
    for code, start, end in codes.select("code", "valid_from", "valid_to").iter_rows():
        known = spells[code]
        if known and start <= known[-1][1]:
            known[-1] = (known[-1][0], max(known[-1][1], end or date.max))
        else:
            known.append((start, end or date.max))
    return dict(spells)


def _names(codes: pl.DataFrame) -> dict[str, list[tuple[date, str]]]:
    """The names of each code with the day from which it had them, in order."""
    names: dict[str, list[tuple[date, str]]] = defaultdict(list)
    for code, name, start in codes.select("code", "name", "valid_from").iter_rows():
        names[code].append((start, name))
    return dict(names)


def _parts(name: str | None) -> set[str]:
    """The name in each of its languages, without what only tells namesakes apart."""
    return set(_BETWEEN_LANGUAGES.split(_BRACKET.sub("", name or "").casefold())) - {""}


def _renamed(edge: Edge) -> Kind:
    return "renamed" if edge.old_name != edge.new_name else "unchanged"
