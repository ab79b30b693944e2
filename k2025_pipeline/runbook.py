"""The runbook's pages: one per failure that a person can meet, by name.

Here belongs which pages there are and where they lie. Not here: what they say (``docs/runbook``), and which error or
check leads to which page: exceptions and checks carry the name themselves, as ``runbook``. Imports nothing heavy, so
that an error is told at once.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path

from k2025_pipeline.settings import PROJECT_ROOT

FOLDER = "docs/runbook"
INDEX = f"{FOLDER}/README.md"
"""From a symptom to its page; a path from the project's folder, as a person with a checkout finds it."""
BY_NUMBER = {
    "disk-full": (errno.ENOSPC, errno.EDQUOT),
    "unwritable-home": (errno.EACCES, errno.EPERM, errno.EROFS),
}
"""Where the operating system refuses, whoever meets it first."""
HEADINGS_NB = ("Slik ser det ut", "Hvorfor", "Gjør dette", "Slik ser du at det er rettet")
HEADINGS_EN = ("How it looks", "Why", "What to do", "How to see that it is mended")
"""What every page answers, in this order, in bokmål and in English."""


@dataclass(frozen=True)
class Page:
    """One page.

    Attributes:
        name: of its file, without ``.md``. nb, en: title in bokmål and in English.
    """

    name: str
    nb: str
    en: str

    @property
    def link(self) -> str:
        """Path from the project's folder."""
        return f"{FOLDER}/{self.name}.md"

    @property
    def path(self) -> Path:
        """The file."""
        return PROJECT_ROOT / self.link


PAGES = {
    page.name: page
    for page in (
        Page("source-unreachable", "Kilden svarer ikke", "The source does not answer"),
        Page("source-late", "Kilden er sen", "The source is late"),
        Page("late-with-us", "Vi er sene selv", "We are late ourselves"),
        Page("source-changed", "Kilden er endret", "The source has changed"),
        Page("silent-change", "Kilden er endret uten at det ble sagt", "The source changed without saying so"),
        Page("refused-vintage", "En utgave ble avvist", "A vintage was refused"),
        Page("drift", "Utgaven er ulik den forrige", "The vintage differs from the last one"),
        Page("known-fault", "Kjent feil i kilden", "Known fault of the source"),
        Page("relations", "Tabellene passer ikke sammen", "Tables do not fit together"),
        Page("reconciliation", "Tall fra to kilder er ulike", "Figures of two sources differ"),
        Page("acceptance", "En offentlig tabell er ikke som lovet", "A public table is not as promised"),
        Page("publication", "Filen kunne ikke publiseres", "The file could not be published"),
        Page("going-back", "Publiseringen er satt tilbake", "Publication was taken back"),
        Page("upload-refused", "En opplastet fil ble avvist", "An uploaded file was refused"),
        Page("declaration-wrong", "En deklarasjon er feil", "A declaration is wrong"),
        Page("build-failed", "Kjøringen feilet", "The run failed"),
        Page("disk-full", "Disken er full", "The disk is full"),
        Page("unwritable-home", "Hjemmet kan ikke skrives til", "The home cannot be written"),
        Page("home-locked", "Hjemmet er i bruk", "The home is in use"),
        Page("damaged-home", "En fil i hjemmet er skadet", "A file of the home is damaged"),
        Page("wrong-source", "Hjemmet hører til en annen kilde", "The home belongs to another source"),
        Page("run-killed", "Kjøringen ble avbrutt", "The run was killed"),
        Page("source-closed-hours", "Kilden laster inn tabellene sine", "The source reloads its tables"),
        Page("no-record", "Natten etterlot ingen nattrapport", "The night left no record"),
        Page("alert-not-delivered", "Et varsel kom ikke fram", "An alert was not delivered"),
        Page("bad-question", "Et spørsmål til filen er feil", "A question to the file is wrong"),
    )
}


def link(name: str) -> str:
    """Path of a page from the project's folder, e.g. ``docs/runbook/home-locked.md``.

    Raises:
        KeyError: when there is no such page.
    """
    return PAGES[name].link


def page_of(error: BaseException) -> str | None:
    """Name of the page that an error carries; None for one that nobody expected."""
    name: str | None = getattr(type(error), "runbook", None)
    if name is None and isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError):
        return "damaged-home"  # what must be there is gone, whoever misses it first
    if name is None and isinstance(error, OSError):
        return next((page for page, numbers in BY_NUMBER.items() if error.errno in numbers), None)
    if name is None and type(error).__module__.lstrip("_").startswith("duckdb"):
        return "damaged-home"
    return name
