"""Two lights for each source table: late at the source, and late with us, in every combination.

Here belongs judging by stamps, calendar and nights. Not here: the declared days themselves (``test_catalog``).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from builders import contract
from k2025_pipeline.catalog import Catalog, load_catalog
from k2025_pipeline.catalog.quality import FreshnessRules
from k2025_pipeline.ingest.changes import Seen
from k2025_pipeline.lake.home import Home
from k2025_pipeline.lake.typed import Vintage
from k2025_pipeline.quality import freshness, nights
from k2025_pipeline.quality.freshness import Lights, Sighting, lights
from k2025_pipeline.quality.nights import NightRecord
from k2025_pipeline.settings import PROJECT_ROOT

TABLE = contract()
"""A KOSTRA table: 15 March, which was a Sunday in 2026, and 15 June."""
RULES = FreshnessRules(run_hours=36, grace_days=2)
MARCH, JUNE = "2026-03-16T07:00:00Z", "2026-06-15T06:00:00Z"
JUNE_BEFORE = "2025-06-16T06:00:00Z"


def at(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def standing(updated: str, stale_because: str | None = None) -> Vintage:
    return Vintage("ssb_12345", "v", updated, updated, updated, 1, "c", {}, stale_because=stale_because)


def judged(
    now: str,
    shown: str | None = JUNE,
    stands: str | None = JUNE,
    asked: str | None = "now",
    success: timedelta | None = timedelta(hours=24),
    closed: bool = False,
    early_days: int = 0,
) -> Lights:
    """Lights of a table at a moment, of what the source shows and what stands here."""
    moment = at(now)
    calendar = TABLE.calendar.model_copy(update={"closed": closed, "early_days": early_days})
    table = TABLE.model_copy(update={"calendar": calendar})
    seen = Sighting(shown, moment if asked == "now" else asked and at(asked), offered=True)
    vintage = standing(stands) if stands else None
    return lights(table, vintage, seen, moment - success if success is not None else None, moment, RULES)


def states(found: Lights) -> tuple[str, str]:
    return found.source.state, found.ours.state


class TestCombinations:
    @pytest.mark.parametrize(
        ("shown", "stands", "expected"),
        [
            (JUNE, JUNE, ("on_time", "on_time")),
            (JUNE, MARCH, ("on_time", "late")),
            (MARCH, MARCH, ("late", "on_time")),
            (MARCH, JUNE_BEFORE, ("late", "late")),
        ],
    )
    def test_each_light_is_of_its_own(self, shown: str, stands: str, expected: tuple[str, str]) -> None:
        assert states(judged("2026-09-01T02:15:00", shown, stands)) == expected

    def test_days_are_counted_from_the_day_and_from_the_publication(self) -> None:
        found = judged("2026-06-20T02:15:00", shown=MARCH, stands=JUNE_BEFORE)
        assert (found.source.days, found.ours.days) == (5, 96)
        current = judged("2026-06-20T02:15:00")
        assert (current.source.days, current.ours.days) == (0, 0)

    def test_a_vintage_that_was_refused_this_morning_is_a_day_late_with_us(self) -> None:
        found = judged("2026-06-15T06:40:00", stands=MARCH)
        assert (found.ours.state, found.ours.days) == ("late", 1)

    def test_the_message_says_what_happened_and_leaves_the_reason_to_the_check_that_has_it(self) -> None:
        seen = Sighting(JUNE, at("2026-09-01T02:15:00"))
        found = lights(TABLE, standing(MARCH, "too few rows"), seen, None, at("2026-09-01T02:15:00"), RULES)
        assert found.ours.message.nb == f"Kilden viser utgaven {JUNE}, og vår er fra {MARCH}."
        late = judged("2026-09-01T02:15:00", shown=MARCH, stands=MARCH).source
        assert late.message.nb == "Skulle vært publisert 2026-06-15; kilden viser fortsatt utgaven fra 2026-03-16."
        assert late.advice is not None


class TestNotFooled:
    def test_a_table_that_was_made_anew_of_the_same_vintage_is_as_late_as_before(self) -> None:
        now, seen = at("2026-09-01T02:15:00"), Sighting(MARCH, at("2026-09-01T02:15:00"))
        old = standing(MARCH)
        anew = replace(old, vintage="anew", accepted_at="2026-09-01T02:16:00+00:00", content="d")
        assert lights(TABLE, old, seen, now, now, RULES) == lights(TABLE, anew, seen, now, now, RULES)
        assert lights(TABLE, anew, seen, now, now, RULES).source.state == "late"

    def test_asking_every_night_does_not_make_the_source_fresh(self) -> None:
        assert judged("2026-12-01T03:15:00", shown=MARCH, stands=MARCH, asked="now").source.state == "late"

    def test_nights_that_go_well_do_not_make_up_for_a_vintage_that_is_refused(self) -> None:
        assert judged("2026-09-01T02:15:00", stands=MARCH, success=timedelta(0)).ours.state == "late"


class TestCalendarOfTheSource:
    def test_days_of_grace_are_given(self) -> None:
        assert judged("2026-06-16T12:00:00", shown=MARCH, stands=MARCH).source.state == "on_time"
        assert judged("2026-06-17T12:00:00", shown=MARCH, stands=MARCH).source.state == "late"

    def test_a_day_on_a_weekend_is_due_on_monday(self) -> None:
        """15 March 2026 was a Sunday: nothing is late on Tuesday the 17th, and something is on Wednesday."""
        assert judged("2026-03-17T12:00:00", shown=JUNE_BEFORE, stands=JUNE_BEFORE).source.state == "on_time"
        late = judged("2026-03-18T12:00:00", shown=JUNE_BEFORE, stands=JUNE_BEFORE)
        assert late.source.state == "late"
        assert str(late.due) == "2026-03-16"

    def test_before_the_first_publication_of_the_year_last_june_is_the_newest_due(self) -> None:
        found = judged("2026-02-01T03:15:00", shown=JUNE_BEFORE, stands=JUNE_BEFORE)
        assert states(found) == ("on_time", "on_time")
        assert str(found.due) == "2025-06-16"

    def test_a_closed_series_is_never_late_at_the_source(self) -> None:
        found = judged("2036-09-01T02:15:00", shown=MARCH, stands=MARCH, closed=True)
        assert states(found) == ("on_time", "on_time")
        assert found.due is None

    def test_a_correction_of_a_closed_series_that_was_refused_is_late_with_us(self) -> None:
        assert judged("2036-09-01T02:15:00", shown=JUNE, stands=MARCH, closed=True).ours.state == "late"

    def test_a_publication_before_its_day_counts_where_the_day_follows_the_weekday(self) -> None:
        early = "2026-06-11T06:00:00Z"
        assert judged("2026-09-01T02:15:00", early, early).source.state == "late"
        assert judged("2026-09-01T02:15:00", early, early, early_days=7).source.state == "on_time"
        too_early = "2026-06-07T06:00:00Z"
        assert judged("2026-09-01T02:15:00", too_early, too_early, early_days=7).source.state == "late"

    def test_the_day_is_that_of_oslo(self) -> None:
        """22:30 UTC on the 14th is half past midnight on the 15th of June."""
        stamp = "2026-06-14T22:30:00Z"
        assert judged("2026-09-01T02:15:00", stamp, stamp).source.state == "on_time"
        assert judged("2026-06-16T22:30:00", MARCH, MARCH).source.state == "late", "it is the 17th in Oslo"


class TestNobodyKnows:
    def test_a_source_that_has_not_answered_since_the_day_is_not_called_late(self) -> None:
        found = judged("2026-09-01T02:15:00", MARCH, MARCH, asked="2026-06-10T02:15:00", success=timedelta(days=80))
        assert states(found) == ("unknown", "late")

    def test_a_table_that_was_never_asked_for(self) -> None:
        found = judged("2026-09-01T02:15:00", shown=None, stands=None, asked=None, success=None)
        assert states(found) == ("unknown", "unknown")

    def test_a_table_that_was_never_fetched_though_the_source_shows_it(self) -> None:
        found = judged("2026-09-01T02:15:00", stands=None)
        assert states(found) == ("on_time", "late")
        assert "vi har ingen" in found.ours.message.nb

    def test_a_table_that_the_source_does_not_offer_is_no_fault_of_ours(self) -> None:
        now = at("2026-09-01T02:15:00")
        found = lights(TABLE, None, Sighting(None, now, offered=False), now, now, RULES)
        assert states(found) == ("unknown", "on_time")


class TestNights:
    def test_without_a_good_night_for_too_long_we_are_late(self) -> None:
        now = "2026-09-01T02:15:00"
        assert judged(now, success=timedelta(hours=36)).ours.state == "on_time"
        late = judged(now, success=timedelta(hours=36, seconds=1)).ours
        assert (late.state, late.days) == ("late", 1)
        assert judged(now, success=timedelta(days=5)).ours.days == 5

    @pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"], ids=["23 hours", "25 hours"])
    def test_the_change_of_clocks_does_not_make_a_night_late(self, day: str) -> None:
        """Nights at 04:15 in Oslo on both sides of the change, and an evening after it."""
        before = datetime.fromisoformat(f"{day}T04:15:00").replace(tzinfo=nights.OSLO) - timedelta(days=1)
        evening = datetime.fromisoformat(f"{day}T14:00:00").replace(tzinfo=nights.OSLO)
        elapsed = evening.astimezone(UTC) - before.astimezone(UTC)
        seen = Sighting(JUNE_BEFORE, evening)
        found = lights(TABLE, standing(JUNE_BEFORE), seen, before.astimezone(UTC), evening.astimezone(UTC), RULES)
        assert found.ours.state == "on_time"
        rules = RULES.model_copy(update={"run_hours": int(elapsed.total_seconds() // 3600) - 1})
        late = lights(TABLE, standing(JUNE_BEFORE), seen, before.astimezone(UTC), evening.astimezone(UTC), rules)
        assert late.ours.state == "late"


class TestFindings:
    def test_only_what_is_known_to_be_late_breaks_the_rule(self) -> None:
        found = judged("2026-09-01T02:15:00", shown=MARCH, stands=MARCH)
        assert (found.source.finding.passed, found.source.finding.failed) == (False, 1)
        assert found.source.finding.advice
        assert found.ours.finding.passed
        unknown = judged("2026-09-01T02:15:00", shown=None, stands=None, asked=None, success=None)
        assert (unknown.source.finding.passed, unknown.ours.finding.passed) == (True, True)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(PROJECT_ROOT / "schemas")


def ended(started: str, ending: nights.Ending) -> NightRecord:
    return NightRecord(started, started, "demo", "demo", ending, None, 1.0)


class TestOfAHome:
    NOW = at("2026-09-01T02:15:00")

    def test_what_the_source_showed_is_remembered_though_it_was_not_fetched(
        self, catalog: Catalog, tmp_path: Path
    ) -> None:
        home = Home(tmp_path)
        Seen(home).note_shown("ssb_12209", JUNE)
        found = freshness.of_tables(home, catalog, self.NOW)
        assert set(found) == {table.name for table in catalog.tables.values()}
        assert states(found["ssb_12209"]) == ("on_time", "late")
        assert states(found["ssb_14533"]) == ("unknown", "unknown")

    def test_only_what_is_known_is_told_as_data(self, catalog: Catalog, tmp_path: Path) -> None:
        home = Home(tmp_path)
        Seen(home).note_shown("ssb_12209", JUNE)
        frame = freshness.staleness(home, catalog, self.NOW).filter(table_id="12209")
        assert frame.rows() == [("12209", "late_at_source", 0, "2026"), ("12209", "late_with_us", 78, "2026")]
        everything = freshness.staleness(home, catalog, self.NOW)
        closed = {table.id for table in catalog.tables.values() if table.calendar.closed}
        assert everything.filter(reason="late_at_source")["table_id"].to_list() == ["12209"]
        assert closed.isdisjoint(everything["table_id"])

    def test_nights_that_fail_from_the_start_are_late(self, catalog: Catalog, tmp_path: Path) -> None:
        home = Home(tmp_path)
        Seen(home).note_shown("ssb_12209", JUNE)
        for started, ending in (("2026-08-28T02:15:00+00:00", "blocked"), ("2026-09-01T02:00:00+00:00", "blocked")):
            nights.write(home, ended(started, ending), [], nights_frame())  # type: ignore[arg-type]
        assert freshness.of_tables(home, catalog, self.NOW)["ssb_14533"].ours.state == "late"

    def test_a_good_night_counts_and_a_blocked_one_after_it_does_not_undo_it(
        self, catalog: Catalog, tmp_path: Path
    ) -> None:
        home = Home(tmp_path)
        for started, ending in (("2026-08-31T02:15:00+00:00", "published"), ("2026-09-01T02:00:00+00:00", "blocked")):
            nights.write(home, ended(started, ending), [], nights_frame())  # type: ignore[arg-type]
        assert freshness.of_tables(home, catalog, self.NOW)["ssb_14533"].ours.state == "unknown"


def nights_frame() -> pl.DataFrame:
    return pl.DataFrame(schema=nights.QUALITY)
