"""The source's clock: when it reloads its tables and publishes, and that nothing is fetched meanwhile.

Here belongs the time of day, in Oslo. Not here: calls per minute (``limiter``), or which days bring news.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from typing import Literal
from zoneinfo import ZoneInfo

from k2025_pipeline.pxweb.errors import OutsideHours

log = logging.getLogger(__name__)

OSLO = ZoneInfo("Europe/Oslo")
CLOSED = (
    (time_of_day(4, 55), time_of_day(8, 15), "reloads its tables at 05:00 and publishes at 08:00"),
    (time_of_day(11, 25), time_of_day(11, 50), "reloads its tables at 11:30"),
)
"""Start, end and reason. Figures about to be revised show as 0 or a dot from 05:00 to 08:00 (SSB's user guide)."""

Window = tuple[datetime, datetime, str]


def window_at(moment: datetime) -> Window | None:
    """The closed window that holds a moment.

    Args:
        moment: any time with a zone.

    Returns:
        Start (belongs to it), end (does not) and reason, in Oslo time; None when the source is open.
    """
    local = moment.astimezone(OSLO)
    for start, end, reason in CLOSED:
        if start <= local.time() < end:
            return _at(local, start), _at(local, end), reason
    return None


def _at(day: datetime, clock: time_of_day) -> datetime:
    return datetime.combine(day.date(), clock, OSLO)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class PublicationHours:
    """Keeps requests out of the closed windows.

    Args:
        when_inside: ``wait`` for the end of the window, or ``end`` with an error.
        now: the time, with a zone. sleep: waits that many seconds.
    """

    def __init__(
        self,
        when_inside: Literal["wait", "end"],
        now: Callable[[], datetime] = _utc_now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._waits = when_inside == "wait"
        self._now = now
        self._sleep = sleep
        self._announced: datetime | None = None

    def before_request(self, what: str) -> None:
        """Return once the source is open.

        Args:
            what: is asked for, for the message.

        Raises:
            OutsideHours: when it is closed and nobody wants to wait.
        """
        while (window := window_at(self._now())) is not None:
            if not self._waits:
                raise OutsideHours(_closed(what, window))
            self._announce(what, window)
            self._sleep(_seconds(window[1] - self._now().astimezone(UTC)))

    def accepts(self, received_at: datetime) -> bool:
        """Whether an answer that came at this time may be kept."""
        return window_at(received_at) is None

    def _announce(self, what: str, window: Window) -> None:
        """Say once per window why nothing happens."""
        if self._announced != window[0]:
            self._announced = window[0]
            log.info("%s: Statistics Norway %s; waiting until %s in Oslo", what, window[2], f"{window[1]:%H:%M}")


def _closed(what: str, window: Window) -> str:
    start, end, reason = window
    return (
        f"{what}: not asked for between {start:%H:%M} and {end:%H:%M} in Oslo, when Statistics Norway {reason}. "
        f"Run again from {end:%H:%M} Oslo time, or now with --force."
    )


def _seconds(left: timedelta) -> float:
    return max(left.total_seconds(), 0.001)
