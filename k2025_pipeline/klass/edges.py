"""The changes of a classification as edges from old to new code, whatever way the source told them.

Here belongs reading the rows: turned ones, null sides, repetitions, and what only the list of codes knows. Not here:
what kind of event an edge is, and what follows from it (``history``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

import polars as pl

from k2025_pipeline.klass.code_list import DAY, UNKNOWN, CodeList, languages

Key = tuple[str | None, date]
"""A code and a day."""


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


def read_edges(codes: CodeList, changes: pl.DataFrame) -> list[Edge]:
    """Edges read the right way, each once and named, and with what the list of codes alone knows.

    Args:
        codes: the list of codes.
        changes: ``old_code, old_name, new_code, new_name, changed_on``; null sides, rows entered from right to left,
            repeated rows and rows of name changes are allowed.
    """
    return _Reading(codes).edges(_rows(changes))


class _Reading:
    """Rows held against the list of codes."""

    def __init__(self, codes: CodeList) -> None:
        self._codes = codes

    def edges(self, rows: Iterable[Edge]) -> list[Edge]:
        """See :func:`read_edges`."""
        edges = [self._named(edge.turned if self._backwards(edge) else edge) for edge in rows]
        told_old = {(edge.old, edge.day) for edge in edges if edge.new is not None}
        told_new = {(edge.new, edge.day) for edge in edges if edge.old is not None}
        edges = [edge for edge in edges if not self._tells_nothing(edge, told_old, told_new)]
        return _once([*edges, *self._goes_on(edges), *self._untold(edges)])

    def _tells_nothing(self, edge: Edge, told_old: set[Key], told_new: set[Key]) -> bool:
        """Whether a row has one side alone, of a code that another row tells of or that goes on."""
        if edge.new is None:
            return (edge.old, edge.day) in told_old or self._codes.stands(edge.old, edge.day)
        if edge.old is None:
            return (edge.new, edge.day) in told_new or self._codes.stands(edge.new, edge.day - DAY)
        return False

    def _named(self, edge: Edge) -> Edge:
        """The edge with names from the list of codes where the row has none."""
        old_name = edge.old_name or self._codes.name(edge.old, edge.day - DAY)
        new_name = edge.new_name or self._codes.name(edge.new, edge.day)
        return Edge(edge.old, edge.new, edge.day, old_name, new_name)

    def _backwards(self, edge: Edge) -> bool:
        """Whether the row reads from right to left: its old code began that day, or its new code ended then."""
        as_told = self._codes.ends(edge.old, edge.day) or self._codes.begins(edge.new, edge.day)
        turned = self._codes.ends(edge.new, edge.day) or self._codes.begins(edge.old, edge.day)
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
            another = did_both and languages(given[key]).isdisjoint(languages(received[key]))
            if not another and self._codes.stands(code, day - DAY) and self._codes.stands(code, day):
                yield self._named(Edge(code, code, day, None, None))

    def _untold(self, edges: list[Edge]) -> Iterator[Edge]:
        """Codes that begin or end in the list of codes without a row that says from or into what."""
        given = {(edge.old, edge.day) for edge in edges}
        received = {(edge.new, edge.day) for edge in edges}
        for code, spells in self._codes.spells.items():
            for start, end in spells:
                if start > self._codes.first_day and (code, start) not in received:
                    yield self._named(Edge(None, code, start, None, None))
                if end != date.max and (code, end) not in given:
                    yield self._named(Edge(code, None, end, None, None))


def _rows(changes: pl.DataFrame) -> Iterator[Edge]:
    columns = ("old_code", "new_code", "changed_on", "old_name", "new_name")
    for old, new, day, old_name, new_name in changes.select(columns).iter_rows():
        if UNKNOWN.isdisjoint({old, new}) and (old or new):
            yield Edge(old or None, new or None, day, old_name, new_name)


def _once(edges: Iterable[Edge]) -> list[Edge]:
    """Each change once; of rows that differ in names only, one that tells of a new name, whatever their order."""
    by_names = sorted(edges, key=lambda e: (e.old_name != e.new_name, e.old_name or "", e.new_name or ""))
    once = {(edge.old or "", edge.new or "", edge.day): edge for edge in by_names}
    return [once[key] for key in sorted(once)]
