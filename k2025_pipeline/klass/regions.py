"""The history of municipalities and counties as frames, for ``dbt/models/core``.

Here belongs what the graph of ``history`` says about municipalities by year, and how counties follow from them. Not
here: names, groups and figures (dbt).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import polars as pl

from k2025_pipeline.klass.code_list import DAY, LATEST
from k2025_pipeline.klass.edges import Edge
from k2025_pipeline.klass.history import Area, Event, History, Kind

JOINED = "+"
"""Between the codes of a set: ``1508+1580``."""
EVENTS = {
    "region_level": pl.String,
    "old_code": pl.String,
    "old_name": pl.String,
    "new_code": pl.String,
    "new_name": pl.String,
    "changed_on": pl.Date,
    "kind": pl.String,
    "current_codes": pl.String,
    "counts_add_up": pl.Boolean,
    "same_area": pl.Boolean,
}
LINKS = {"year": pl.String, "region_code": pl.String, "current_unit": pl.String, "same_area": pl.Boolean}
STEPS = {"year": pl.String, "step": pl.String, "side": pl.String, "region_code": pl.String}
COUNTY = "EKA"
"""KOSTRA's prefix of county codes, which all tables here use."""
Row = dict[str, Any]
_COLUMNS = ["old_code", "old_name", "new_code", "new_name", "changed_on"]


def with_declared(changes: pl.DataFrame, declared: pl.DataFrame) -> pl.DataFrame:
    """The changes that Klass lists and those that are declared beside it, which have codes and a day alone."""
    return pl.concat([changes.select(_COLUMNS), declared.select("old_code", "new_code", "changed_on")], how="diagonal")


def region_events(
    municipality_codes: pl.DataFrame,
    municipality_changes: pl.DataFrame,
    county_codes: pl.DataFrame,
    county_changes: pl.DataFrame,
) -> pl.DataFrame:
    """Every event of every code, municipalities and counties; columns as ``EVENTS``.

    Args:
        municipality_codes, county_codes: codes of Klass 131 and 104, as ``klass.client`` decodes them.
        municipality_changes, county_changes: their changes.
    """
    municipalities = History(municipality_codes, municipality_changes)
    rows = [_row("municipality", "", event) for event in municipalities.events()]
    rows += [_row("county", COUNTY, event) for event in county_events(municipalities, county_codes, county_changes)]
    return pl.DataFrame(rows, schema=EVENTS)


def region_links(codes: pl.DataFrame, changes: pl.DataFrame, years: Iterable[str]) -> pl.DataFrame:
    """The set of today's municipalities that each code valid on 1 January belongs to; columns as ``LINKS``.

    ``current_unit`` joins the codes of the smallest set that covers the code's area together with its partners;
    empty where Klass does not say what became of it. ``same_area``: the unit is one code, and so is its past.
    """
    history = History(codes, changes)
    rows = [row for year in sorted(years) for row in _links(history, year)]
    return pl.DataFrame(rows, schema=LINKS)


def region_steps(codes: pl.DataFrame, changes: pl.DataFrame, years: Iterable[str]) -> pl.DataFrame:
    """Municipalities from one 1 January to the next: which sets cover the same area; columns as ``STEPS``.

    A row per step and code: side ``before`` for codes of the year before ``year``, ``after`` for codes of ``year``.
    """
    history = History(codes, changes)
    rows = [row for year in sorted(years) for row in _steps(history, int(year))]
    return pl.DataFrame(rows, schema=STEPS)


def county_events(municipalities: History, codes: pl.DataFrame, changes: pl.DataFrame) -> list[Event]:
    """Events of counties. What they mean for figures follows from the municipalities in them.

    Klass tells which county became which. A municipality that went another way took part of its county along. A day
    of which Klass tells nothing is read off the municipalities: counties that both go on have passed a part on.

    Args:
        municipalities: their history. codes, changes: of the counties.
    """
    told = set(changes["changed_on"])
    moved = {day: _moves(municipalities, day) for day in municipalities.days}
    silent = [edge for day in moved if day not in told for edge in moved[day] if not _both_go_on(municipalities, edge)]
    counties = History(codes, pl.concat([changes.select(_COLUMNS), _as_changes(silent)]))
    main = {(edge.old, edge.new, edge.day) for edge in counties.edges}
    parts = [e for edges in moved.values() for e in edges if (e.old, e.new, e.day) not in main]
    kinds: list[tuple[Kind, Edge]] = [found for day in counties.days for found in counties.kinds(day)]
    kinds += [("partly_transferred", edge) for edge in parts]
    touched = {code for _, edge in kinds for code in (edge.old, edge.new)}
    kinds += [("unchanged", edge) for edge in counties.unchanged() if edge.old not in touched]
    kinds.sort(key=lambda found: (found[1].day, found[1].old or "", found[1].new or ""))
    return [_county_event(municipalities, counties, kind, edge) for kind, edge in kinds]


def _links(history: History, year: str) -> Iterator[Row]:
    for area in history.areas(date(int(year), 1, 1)):
        for code in area.before:
            yield {
                "year": year,
                "region_code": code,
                "current_unit": JOINED.join(area.after) or None,
                "same_area": len(area.before) == len(area.after) == 1,
            }


def _steps(history: History, year: int) -> Iterator[Row]:
    for area in history.areas(date(year - 1, 1, 1), date(year, 1, 1)):
        step = JOINED.join(area.before) + ">" + JOINED.join(area.after)
        for side, codes in (("before", area.before), ("after", area.after)):
            for code in codes:
                yield {"year": str(year), "step": step, "side": side, "region_code": code}


def _row(level: str, prefix: str, event: Event) -> Row:
    edge = event.edge
    return {
        "region_level": level,
        "old_code": edge.old and prefix + edge.old,
        "old_name": edge.old_name,
        "new_code": edge.new and prefix + edge.new,
        "new_name": edge.new_name,
        "changed_on": None if event.kind == "unchanged" else edge.day,
        "kind": event.kind,
        "current_codes": JOINED.join(prefix + code for code in event.current) or None,
        "counts_add_up": event.counts_add_up,
        "same_area": event.same_area,
    }


def _county(municipality: str) -> str:
    return municipality[:2]


def _moves(municipalities: History, day: date) -> list[Edge]:
    """The pairs of different counties between which municipalities, or parts of them, moved on a day."""
    edges = ((e.old, e.new) for e in municipalities.edges if e.day == day)
    pairs = {(_county(old), _county(new)) for old, new in edges if old and new}
    return [Edge(old, new, day, None, None) for old, new in sorted(pairs) if old != new]


def _both_go_on(municipalities: History, edge: Edge) -> bool:
    before, after = (_counties_on(municipalities, day) for day in (edge.day - DAY, edge.day))
    return {edge.old, edge.new} <= before & after


def _counties_on(municipalities: History, day: date) -> set[str]:
    return {_county(code) for area in municipalities.areas(day) for code in area.before}


def _as_changes(edges: list[Edge]) -> pl.DataFrame:
    rows = [{"old_code": edge.old, "new_code": edge.new, "changed_on": edge.day} for edge in edges]
    texts = dict.fromkeys(_COLUMNS, pl.String)
    return pl.DataFrame(rows, schema={**texts, "changed_on": pl.Date})


def _county_event(municipalities: History, counties: History, kind: Kind, edge: Edge) -> Event:
    named = Edge(
        edge.old,
        edge.new,
        edge.day,
        edge.old_name or (edge.old and counties.codes.name(edge.old)),
        edge.new_name or (edge.new and counties.codes.name(edge.new)),
    )
    areas = municipalities.areas(LATEST if kind == "unchanged" else edge.day - DAY)
    mine = [area for area in areas if edge.old in {_county(code) for code in area.before}]
    current = tuple(sorted({_county(code) for area in mine for code in area.after}))
    return Event(kind, named, current, len(current) == 1 and _whole(areas, mine, edge.old, current[0]))


def _whole(areas: list[Area], mine: list[Area], county: str | None, current: str) -> bool:
    """Whether today's county is made of areas of the old one alone, and those of nothing else."""
    made_of = [area for area in areas if current in {_county(code) for code in area.after}]
    return made_of == mine and all({_county(code) for code in area.before} == {county} for area in mine)
