"""The minutes in which the source reloads its tables and publishes, over the days on which the clock changes.

05:00 and 11:30 reload, 08:00 publication, Europe/Oslo; nothing is fetched 04:55-08:15 and 11:25-11:50
(facts/ssb-api.md 1.5 and 7.10).
"""

import logging
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from builders import Clock
from k2025_pipeline.pxweb.errors import OutsideHours
from k2025_pipeline.pxweb.hours import OSLO, PublicationHours, window_at


def oslo(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=OSLO)


def hours_at(start: datetime, when_inside: Literal["wait", "end"]) -> tuple[PublicationHours, Clock]:
    """Hours whose time begins at ``start`` and passes only while somebody sleeps."""
    clock = Clock()
    clock.now = start.timestamp()
    return PublicationHours(when_inside, lambda: datetime.fromtimestamp(clock.now, UTC), clock.sleep), clock


class TestWindows:
    @pytest.mark.parametrize(
        ("clock", "closed"),
        [
            ("04:54:59", False),
            ("04:55:00", True),
            ("08:14:59.999999", True),
            ("08:15:00", False),
            ("11:24:59", False),
            ("11:25:00", True),
            ("11:49:59", True),
            ("11:50:00", False),
            ("00:00:00", False),
            ("23:59:59", False),
        ],
    )
    @pytest.mark.parametrize("day", ["2026-01-15", "2026-06-15", "2026-06-14", "2026-03-29", "2026-10-25"])
    def test_the_minute_at_which_it_closes_and_opens(self, day: str, clock: str, closed: bool) -> None:
        """Every day, also a Sunday, and the two on which the clock changes."""
        assert (window_at(oslo(f"{day}T{clock}")) is not None) is closed

    @pytest.mark.parametrize(
        ("moment", "closed"),
        [
            ("2026-03-28T03:55:00+00:00", True),
            ("2026-03-28T06:59:59+00:00", True),
            ("2026-03-28T07:15:00+00:00", False),
            ("2026-03-29T02:54:59+00:00", False),
            ("2026-03-29T02:55:00+00:00", True),
            ("2026-03-29T06:14:59+00:00", True),
            ("2026-03-29T06:15:00+00:00", False),
            ("2026-10-24T02:55:00+00:00", True),
            ("2026-10-24T06:15:00+00:00", False),
            ("2026-10-25T02:55:00+00:00", False),
            ("2026-10-25T03:55:00+00:00", True),
            ("2026-10-25T07:14:59+00:00", True),
            ("2026-10-25T07:15:00+00:00", False),
        ],
    )
    def test_in_universal_time_the_window_moves_with_the_clock(self, moment: str, closed: bool) -> None:
        assert (window_at(datetime.fromisoformat(moment)) is not None) is closed

    def test_the_window_says_from_when_to_when(self) -> None:
        window = window_at(oslo("2026-06-15T06:00"))
        assert window is not None
        assert window[:2] == (oslo("2026-06-15T04:55"), oslo("2026-06-15T08:15"))

    @pytest.mark.parametrize(
        ("moment", "opening"),
        [
            ("2026-03-29T03:30:00+00:00", "2026-03-29T06:15:00+00:00"),
            ("2026-10-25T04:00:00+00:00", "2026-10-25T07:15:00+00:00"),
            ("2026-06-15T09:40:00+00:00", "2026-06-15T09:50:00+00:00"),
            ("2026-06-15T12:00:00+00:00", None),
        ],
    )
    def test_the_window_ends_when_the_source_opens(self, moment: str, opening: str | None) -> None:
        window = window_at(datetime.fromisoformat(moment))
        assert (window and window[1]) == (opening and datetime.fromisoformat(opening))


class TestWait:
    @pytest.mark.parametrize("day", ["2026-01-15", "2026-06-15", "2026-03-29", "2026-10-25"])
    def test_it_waits_until_the_end(self, day: str) -> None:
        hours, clock = hours_at(oslo(f"{day}T05:00"), "wait")
        hours.before_request("table 12209")
        assert sum(clock.slept) == 3.25 * 3600
        assert datetime.fromtimestamp(clock.now, OSLO) == oslo(f"{day}T08:15")

    def test_it_says_once_until_when(self, caplog: pytest.LogCaptureFixture) -> None:
        hours, clock = hours_at(oslo("2026-06-15T05:00"), "wait")
        caplog.set_level(logging.INFO)
        hours.before_request("table 12209")
        clock.now -= 60
        hours.before_request("table 12292")
        assert len(caplog.messages) == 1
        assert "until 08:15 in Oslo" in caplog.messages[0]

    def test_a_sleep_that_ends_early_is_continued(self) -> None:
        moments = [oslo("2026-06-15T08:00"), oslo("2026-06-15T08:00"), oslo("2026-06-15T08:14:59")]
        slept: list[float] = []
        hours = PublicationHours("wait", lambda: moments.pop(0) if moments else oslo("2026-06-15T08:15"), slept.append)
        hours.before_request("x")
        assert slept == [900.0, 0.001]

    def test_an_open_source_is_asked_at_once(self) -> None:
        hours, clock = hours_at(oslo("2026-06-15T08:15"), "wait")
        hours.before_request("x")
        assert clock.slept == []


class TestEnd:
    @pytest.mark.parametrize(("now", "again"), [("05:00", "08:15"), ("11:30", "11:50")])
    def test_it_ends_and_says_why_and_when_to_run_again(self, now: str, again: str) -> None:
        hours, clock = hours_at(oslo(f"2026-06-15T{now}"), "end")
        with pytest.raises(OutsideHours) as raised:
            hours.before_request("table 12209")
        message = str(raised.value)
        assert message.startswith("table 12209: ")
        assert "reloads its tables" in message
        assert f"Run again from {again} Oslo time" in message
        assert "--force" in message
        assert clock.slept == []

    def test_an_open_source_is_asked(self) -> None:
        hours, clock = hours_at(oslo("2026-06-15T04:54:59"), "end")
        hours.before_request("x")
        assert clock.slept == []


class TestAccepts:
    def test_an_answer_that_came_inside_is_not_kept(self) -> None:
        hours, _ = hours_at(oslo("2026-06-15T12:00"), "end")
        closing = oslo("2026-06-15T04:55").astimezone(UTC)
        assert not hours.accepts(closing)
        assert hours.accepts(closing - timedelta(microseconds=1))
