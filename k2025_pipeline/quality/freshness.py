"""Whether a source table is late, and by whom: two lights, since they ask for different things to be done.

Here belongs judging by stamps and the calendar. Not here: the declared days (``catalog.calendar``), what the source
shows (``ingest``) and showing the lights. Nothing here looks at when a table was last made: one that is made anew every
night of the same vintage is as old as that vintage.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

import polars as pl

from k2025_pipeline.catalog import Catalog
from k2025_pipeline.catalog.base import Text
from k2025_pipeline.catalog.calendar import earliest, last_due
from k2025_pipeline.catalog.quality import FreshnessRules
from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.ingest.changes import Seen
from k2025_pipeline.lake.archive import Archive
from k2025_pipeline.lake.home import Home
from k2025_pipeline.lake.typed import TypedLake, Vintage
from k2025_pipeline.quality import nights
from k2025_pipeline.quality.nights import OSLO
from k2025_pipeline.quality.outcome import Finding

STALENESS = {"table_id": pl.String(), "reason": pl.String(), "days": pl.Int32(), "period": pl.String()}
"""Columns of :func:`staleness`: DQ-05, a row for each table and light that is known."""


@dataclass(frozen=True)
class Sighting:
    """What the source itself has shown of a table.

    Attributes:
        stamp: the newest ``updated`` that it showed, or None where it showed none.
        at: when it last answered about the table, or None where it never did.
        offered: False where it has no such table.
    """

    stamp: str | None = None
    at: datetime | None = None
    offered: bool = True


@dataclass(frozen=True)
class Light:
    """One light.

    Attributes:
        state: ``unknown`` where nobody has been able to tell. days: how late, at least 1; 0 where it is not late.
        message: in a sentence. advice: what to do where it is late.
    """

    state: Literal["on_time", "late", "unknown"]
    message: Text
    days: int = 0
    advice: Text | None = None

    @property
    def finding(self) -> Finding:
        """As a check finds it: only what is known to be late breaks the rule."""
        late = self.state == "late"
        advice = _both(self.advice) if self.advice else ""
        return Finding(passed=not late, failed=int(late), checked=1, message=_both(self.message), advice=advice)


@dataclass(frozen=True)
class Lights:
    """Both lights of a table, and the day on which it should last have been published (None: nothing is due)."""

    source: Light
    ours: Light
    due: date | None


def lights(
    contract: TableContract,
    standing: Vintage | None,
    seen: Sighting,
    last_success: datetime | None,
    now: datetime,
    rules: FreshnessRules,
) -> Lights:
    """Judge one table.

    Args:
        contract: the table, with its calendar. standing: the vintage that is published from, or None.
        seen: what the source shows. last_success: end of the last night that went well; None before the first one,
            which says nothing. now: the time, with a zone. rules: when something is late.

    Returns:
        The light of the source and ours.
    """
    today = now.astimezone(OSLO).date()
    grace = timedelta(days=rules.grace_days)
    due = last_due(contract.calendar, today, grace)
    source = _of_source(contract, seen, due, today, grace)
    return Lights(source, _of_us(standing, seen, last_success, now, rules), due)


def of_table(
    home: Home, table: TableContract, last_success: datetime | None, now: datetime, rules: FreshnessRules
) -> Lights:
    """The lights of one source table as the home stands."""
    sighting = _sighting(table, Seen(home), Archive(home))
    return lights(table, TypedLake(home).current(table.name), sighting, last_success, now, rules)


def of_tables(home: Home, catalog: Catalog, now: datetime) -> dict[str, Lights]:
    """The lights of every source table by its name in the lake, as the home stands."""
    seen, archive, lake = Seen(home), Archive(home), TypedLake(home)
    success, rules = _last_success(home), catalog.quality.freshness
    return {
        table.name: lights(table, lake.current(table.name), _sighting(table, seen, archive), success, now, rules)
        for table in catalog.tables.values()
    }


def staleness(home: Home, catalog: Catalog, now: datetime) -> pl.DataFrame:
    """DQ-05 as rows, columns of :data:`STALENESS`: days late, 0 when it is not; nothing where it is not known."""
    year = str(now.astimezone(OSLO).year)
    found = of_tables(home, catalog, now)
    rows = [
        {"table_id": table.id, "reason": reason, "days": light.days, "period": year}
        for table in catalog.tables.values()
        for reason, light in (("late_at_source", found[table.name].source), ("late_with_us", found[table.name].ours))
        if light.state != "unknown" and not (reason == "late_at_source" and table.calendar.closed)
    ]
    return pl.DataFrame(rows, schema=STALENESS)


def _last_success(home: Home) -> datetime | None:
    """When a night last went well; where none has, when the first began, so that failing from the start shows."""
    good = nights.last_success(home)
    if good is not None:
        return datetime.fromisoformat(good.finished_at)
    recorded = nights.records(home)
    return datetime.fromisoformat(recorded[0].started_at) if recorded else None


def _sighting(table: TableContract, seen: Seen, archive: Archive) -> Sighting:
    """What was shown last; where that was not noted, what was fetched last was shown."""
    delivery = archive.latest(table.name)
    stamp = seen.shown(table.name) or (delivery.updated if delivery else None)
    return Sighting(stamp, seen.confirmed(table.name), offered=seen.not_offered(table.name) is None)


def _of_source(contract: TableContract, seen: Sighting, due: date | None, today: date, grace: timedelta) -> Light:
    if due is None:
        return _on_time("Serien er avsluttet; ingenting ventes.", "The series is closed; nothing is due.")
    if not seen.offered:
        return _unknown("Kilden tilbyr ikke tabellen.", "The source does not offer the table.")
    if seen.stamp is None:
        return _unknown("Kilden har ikke vist tabellen ennå.", "The source has not shown the table yet.")
    shown = _day(seen.stamp)
    if shown >= earliest(contract.calendar, due):
        return _on_time(
            f"Kilden publiserte {shown}; fristen var {due}.", f"The source published on {shown}, due {due}."
        )
    if seen.at is None or seen.at.astimezone(OSLO).date() < due + grace:
        return _unknown(
            f"Skulle vært publisert {due}, og kilden har ikke svart siden.",
            f"It was due on {due}, and the source has not answered since.",
        )
    return Light(
        "late",
        Text(
            nb=f"Skulle vært publisert {due}; kilden viser fortsatt utgaven fra {shown}.",
            en=f"It was due on {due}; the source still shows the vintage of {shown}.",
        ),
        (today - due).days,
        Text(
            nb=f"Se om tabell {contract.id} er utsatt hos SSB, og om kalenderen i kontrakten stemmer.",
            en=f"See whether Statistics Norway has postponed table {contract.id}, and whether its calendar is right.",
        ),
    )


def _of_us(
    standing: Vintage | None, seen: Sighting, last_success: datetime | None, now: datetime, rules: FreshnessRules
) -> Light:
    today = now.astimezone(OSLO).date()
    if seen.stamp is not None and (standing is None or _moment(seen.stamp) > _moment(standing.updated)):
        return _behind(standing, seen.stamp, today)
    if last_success is not None and now - last_success > timedelta(hours=rules.run_hours):
        return _idle(last_success, now, rules)
    if standing is None and not seen.offered:
        return _on_time("Kilden tilbyr ikke tabellen.", "The source does not offer the table.")
    if standing is None:
        return _unknown("Tabellen er aldri hentet.", "The table has never been fetched.")
    return _on_time(
        f"Utgaven som står, er den nyeste kilden viser: {standing.updated}.",
        f"The vintage that stands is the newest that the source shows: {standing.updated}.",
    )


def _behind(standing: Vintage | None, stamp: str, today: date) -> Light:
    ours = Text(nb="vi har ingen", en="we have none")
    if standing is not None:
        ours = Text(nb=f"vår er fra {standing.updated}", en=f"ours is of {standing.updated}")
    return Light(
        "late",
        Text(
            nb=f"Kilden viser utgaven {stamp}, og {ours.nb}.",
            en=f"The source shows the vintage {stamp}, and {ours.en}.",
        ),
        max(1, (today - _day(stamp)).days),
        Text(
            nb="Se hvorfor den nye utgaven ikke ble tatt imot: `k2025 status`, og sjekkene på tabellen.",
            en="See why the new vintage was not taken in: `k2025 status`, and the checks of the table.",
        ),
    )


def _idle(last_success: datetime, now: datetime, rules: FreshnessRules) -> Light:
    hours = int((now - last_success).total_seconds() // 3600)
    return Light(
        "late",
        Text(
            nb=f"Siste vellykkede natt er {hours} timer siden; grensen er {rules.run_hours}.",
            en=f"The last successful night was {hours} hours ago; the limit is {rules.run_hours}.",
        ),
        max(1, hours // 24),
        Text(
            nb="Se om planen er slått på og hvordan siste kjøring gikk. Kjør `k2025 refresh`.",
            en="See whether the schedule is on and how the last run went. Run `k2025 refresh`.",
        ),
    )


def _on_time(nb: str, en: str) -> Light:
    return Light("on_time", Text(nb=nb, en=en))


def _unknown(nb: str, en: str) -> Light:
    return Light("unknown", Text(nb=nb, en=en))


def _both(text: Text) -> str:
    return f"{text.nb} / {text.en}"


def _moment(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp)


def _day(stamp: str) -> date:
    return _moment(stamp).astimezone(OSLO).date()
