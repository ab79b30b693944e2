"""The runbook's pages: one per failure that a person can meet, by name.

Here belongs which pages there are and where they lie. Not here: what they say (``docs/runbook``), and which error or
check leads to which page: exceptions and checks carry the name themselves, as ``runbook``. Imports nothing heavy, so
that an error is told at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from k2025_pipeline.settings import PROJECT_ROOT

FOLDER = "docs/runbook"
INDEX = f"{FOLDER}/README.md"
"""From a symptom to its page; a path from the project's folder, as a person with a checkout finds it."""
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
        Page("silent-change", "Endret uten nytt stempel", "Changed without a new stamp"),
        Page("refused-vintage", "En utgave er avvist", "A vintage was refused"),
        Page("drift", "Ulikt forrige utgave", "Different from the last vintage"),
        Page("known-fault", "En kjent feil i kilden", "A known fault of the source"),
        Page("relations", "Tabellene passer ikke sammen", "Tables do not fit together"),
        Page("reconciliation", "To kilder sier ikke det samme", "Two sources differ"),
        Page("acceptance", "Godkjenningen stanset", "Acceptance stopped"),
        Page("publication", "Ingenting er publisert", "Nothing was published"),
        Page("going-back", "Gå tilbake til en tidligere fil", "Going back to an earlier file"),
        Page("upload-refused", "En opplastet fil er avvist", "An uploaded file was refused"),
        Page("declaration-wrong", "En fil i schemas/ er feil", "A file of schemas/ is wrong"),
        Page("build-failed", "Byggingen feilet", "The build failed"),
        Page("disk-full", "Disken er full", "The disk is full"),
        Page("unwritable-home", "Hjemmet kan ikke skrives", "The home cannot be written"),
        Page("home-locked", "En annen kjøring holder hjemmet", "Another run holds the home"),
        Page("damaged-home", "En fil i hjemmet er skadet", "A file of the home is damaged"),
        Page("wrong-source", "Feil kilde", "Wrong source"),
        Page("run-killed", "En kjøring ble avbrutt", "A run was killed"),
        Page("source-closed-hours", "Kilden oppdateres akkurat nå", "The source is being updated just now"),
        Page("alert-not-delivered", "Et varsel kom ikke fram", "An alert was not delivered"),
        Page("bad-question", "Spørringen kan ikke besvares", "The question cannot be answered"),
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
    # Where a file that must be there is gone, whoever misses it first, the home is not whole.
    return "damaged-home" if name is None and isinstance(error, FileNotFoundError) else name
