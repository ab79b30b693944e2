"""When a source should have published: the declared days, moved to Monday from a weekend.

Here belongs the arithmetic of declared days. Not here: what is done about a late source.
"""

from __future__ import annotations

from datetime import date, timedelta

from k2025_pipeline.catalog.tables import Calendar

GRACE = timedelta(days=2)


def last_due(calendar: Calendar, today: date) -> date | None:
    """The latest day, before today's grace, on which the source should have published.

    Args:
        calendar: declared days as MM-DD. today: the day it is asked.

    Returns:
        The day, or None for a closed series, of which nothing is due.
    """
    if calendar.closed:
        return None
    days = [
        _working_day(date.fromisoformat(f"{year}-{day}"))
        for year in (today.year - 2, today.year - 1, today.year)
        for day in calendar.publishes
    ]
    return max(day for day in days if day + GRACE <= today)


def _working_day(day: date) -> date:
    """The day itself, or the Monday after a weekend."""
    return day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() >= 5 else day
