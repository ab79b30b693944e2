"""Words of the alerts: dates, and how text from outside is made harmless.

Here belongs everything that is the same in every message. Not here: the messages (``message``).
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime

from k2025_pipeline.catalog.base import Text
from k2025_pipeline.quality.nights import OSLO
from k2025_pipeline.runbook import PAGES

LONGEST = 300
MONTHS = [
    "januar",
    "februar",
    "mars",
    "april",
    "mai",
    "juni",
    "juli",
    "august",
    "september",
    "oktober",
    "november",
    "desember",
]


def title(page: str) -> Text:
    """Name of a page of the runbook; the page's own where it has no name here."""
    known = PAGES.get(page)
    return Text(nb=known.nb, en=known.en) if known else Text(nb=harmless(page), en=harmless(page))


def harmless(text: object, most: int = LONGEST) -> str:
    """Words from outside on one line: no control, formatting or invisible signs, and no address that can be clicked.

    Args:
        text: what a source, a file or an error said. most: characters kept.
    """
    seen = "".join(" " if _is_space(sign) else sign for sign in str(text) if _is_space(sign) or _is_visible(sign))
    line = re.sub(r"(?i)\bwww\.", lambda found: f"{found[0][:-1]}[.]", " ".join(seen.split()).replace("://", "[:]//"))
    return line if len(line) <= most else line[: most - 1] + "…"


def _is_space(sign: str) -> bool:
    return sign.isspace() or unicodedata.category(sign) == "Cc"


def _is_visible(sign: str) -> bool:
    return unicodedata.category(sign)[0] != "C"


def day(found: date) -> str:
    """``26. november 2026``."""
    return f"{found.day}. {MONTHS[found.month - 1]} {found.year}"


def moment(stamp: str) -> str:
    """``26. november 2026 kl. 04.15``, Oslo time, of an ISO 8601 stamp."""
    local = datetime.fromisoformat(stamp).astimezone(OSLO)
    return f"{day(local.date())} kl. {local:%H.%M}"


def count(number: int, one: str, many: str) -> str:
    """``1 kontroll``, ``12 kontroller``."""
    return f"{number} {one if number == 1 else many}"
