"""When a source should have published: the declared days, moved to Monday from a weekend.

Here belongs the arithmetic of declared days. Not here: what is done about a late source (``quality.freshness``).
Public holidays move nothing: the days of KOSTRA never meet one, and the days of grace cover the others.
"""

from __future__ import annotations

from datetime import date, timedelta

from k2025_pipeline.catalog.tables import Calendar


def last_due(calendar: Calendar, today: date, grace: timedelta) -> date | None:
    """The latest day, before today's grace, on which the source should have published.

    Args:
        calendar: declared days as MM-DD. today: the day it is asked, in Oslo.
        grace: how long a source may be late before it is called so (``schemas/quality.yml``).

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
    return max(day for day in days if day + grace <= today)


def earliest(calendar: Calendar, due: date) -> date:
    """The first day on which a stamp counts as the publication that was due on ``due``."""
    return due - timedelta(days=calendar.early_days)


def _working_day(day: date) -> date:
    """The day itself, or the Monday after a weekend."""
    return day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() >= 5 else day
