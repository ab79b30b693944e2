"""Codes in time: what happened to each code, and which codes together cover the same area on two days.

Here belongs the graph of code changes of one classification, and the kind of each event. Not here: reading the rows
(``edges``) and what follows for figures (``dbt/models/core``).

The smallest sets of codes that cover the same area on all days between two are the connected components of the
changes between them, as in ``find_equivalent_codes`` of Statistics Norway's package klassR.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Literal

import polars as pl

from k2025_pipeline.klass.code_list import DAY, LATEST, CodeList, languages
from k2025_pipeline.klass.edges import Edge, read_edges

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
        codes: codes with their validity, see :class:`CodeList`.
        changes: rows of changes, see :func:`read_edges`.
    """

    def __init__(self, codes: pl.DataFrame, changes: pl.DataFrame) -> None:
        self.codes = CodeList(codes)
        self.edges = read_edges(self.codes, changes)

    @cached_property
    def days(self) -> list[date]:
        """Days on which codes changed, the first first."""
        return sorted({edge.day for edge in self.edges})

    def areas(self, start: date, end: date = LATEST) -> list[Area]:
        """The smallest sets of codes that cover the same area on all days from ``start`` to ``end``.

        Every code valid on either day is in exactly one. An area without codes on one side has no known
        counterpart there.
        """
        groups = _Groups(self.codes.valid_on(end))
        holder = {code: code for code in groups.members}
        for day in (day for day in reversed(self.days) if start < day <= end):
            holder = self._step_back(day, holder, groups)
        before: dict[str, list[str]] = defaultdict(list)
        for code, member in holder.items():
            before[groups.root(member)].append(code)
        after = groups.sets()
        found = [Area(tuple(sorted(before[root])), tuple(sorted(codes))) for root, codes in after.items()]
        lost = self.codes.valid_on(start) - set(holder) if start >= self.codes.first_day else set()
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
        still = sorted(self.codes.valid_on(LATEST) - changed)
        return [Edge(code, code, self.codes.first_day, self.codes.name(code), self.codes.name(code)) for code in still]

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
        name = languages(edge.new_name)
        return name.isdisjoint(languages(edge.old_name)) and not name.isdisjoint(self._merged_into(edge.old, edge.day))

    def _merged_into(self, code: str | None, before: date) -> set[str]:
        """Names, in each language, of what became part of a code earlier, however many steps ago."""
        names: set[str] = set()
        for edge in self.edges:
            if edge.new == code and edge.day < before and edge.old is not None:
                names |= languages(edge.old_name)
                names |= self._merged_into(edge.old, edge.day) if edge.old != code else set()
        return names


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


def _renamed(edge: Edge) -> Kind:
    return "renamed" if edge.old_name != edge.new_name else "unchanged"
