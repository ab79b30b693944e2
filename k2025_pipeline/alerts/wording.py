"""Words of the alerts: names of the runbook's pages, dates, and how text from outside is made harmless.

Here belongs everything that is the same in every message. Not here: the messages (``message``).
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime

from k2025_pipeline.catalog.base import Text
from k2025_pipeline.quality.nights import OSLO

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


def _text(nb: str, en: str) -> Text:
    return Text(nb=nb, en=en)


PAGES = {
    "source-unreachable": _text("Kilden svarer ikke", "The source does not answer"),
    "source-late": _text("Kilden er sen", "The source is late"),
    "late-with-us": _text("Vi er sene selv", "We are late ourselves"),
    "source-changed": _text("Kilden er endret", "The source has changed"),
    "silent-change": _text("Kilden er endret uten at det ble sagt", "The source changed without saying so"),
    "refused-vintage": _text("En utgave ble avvist", "A vintage was refused"),
    "drift": _text("Utgaven er ulik den forrige", "The vintage differs from the last one"),
    "known-fault": _text("Kjent feil i kilden", "Known fault of the source"),
    "relations": _text("Tabellene passer ikke sammen", "Tables do not fit together"),
    "reconciliation": _text("Tall fra to kilder er ulike", "Figures of two sources differ"),
    "acceptance": _text("En offentlig tabell er ikke som lovet", "A public table is not as promised"),
    "publication": _text("Filen kunne ikke publiseres", "The file could not be published"),
    "going-back": _text("Publiseringen er satt tilbake", "Publication was taken back"),
    "upload-refused": _text("En opplastet fil ble avvist", "An uploaded file was refused"),
    "declaration-wrong": _text("En deklarasjon er feil", "A declaration is wrong"),
    "build-failed": _text("Kjøringen feilet", "The run failed"),
    "disk-full": _text("Disken er full", "The disk is full"),
    "unwritable-home": _text("Hjemmet kan ikke skrives til", "The home cannot be written"),
    "home-locked": _text("Hjemmet er i bruk", "The home is in use"),
    "damaged-home": _text("En fil i hjemmet er skadet", "A file of the home is damaged"),
    "wrong-source": _text("Hjemmet hører til en annen kilde", "The home belongs to another source"),
    "run-killed": _text("Kjøringen ble avbrutt", "The run was killed"),
    "source-closed-hours": _text("Kilden laster inn tabellene sine", "The source reloads its tables"),
    "alert-not-delivered": _text("Et varsel kom ikke fram", "An alert was not delivered"),
    "bad-question": _text("Et spørsmål til filen er feil", "A question to the file is wrong"),
}
"""Pages of docs/runbook, as a subject line names them."""


def title(page: str) -> Text:
    """Name of a page of the runbook; the page's own where it has no name here."""
    return PAGES.get(page) or Text(nb=harmless(page), en=harmless(page))


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
