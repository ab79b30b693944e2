"""Whether a person may use a region code for a year, what it is called, and which code to use instead.

Here belongs what Klass says of codes typed by people. Not here: what became of a code's figures (``history``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from k2025_pipeline.klass.code_list import DAY
from k2025_pipeline.klass.history import History

COUNTRY = "EAK"
COUNTY = "EKA"
NAMED = 4
"""Codes that are named instead of a wrong one, at most."""


@dataclass(frozen=True)
class Regions:
    """The codes of municipalities (Klass 131) and counties (Klass 104), with their history.

    Attributes:
        municipalities: graph of Klass 131. counties: of Klass 104, or None where it is not known.
    """

    municipalities: History
    counties: History | None = None

    def known(self, code: str) -> bool:
        """Whether there ever was such a code."""
        history = self._history(code)
        return code == COUNTRY or history is None or self._bare(code) in history.codes.spells

    def valid(self, code: str, year: int) -> bool:
        """Whether the code was valid on 1 January of a year, as regions are counted here."""
        history = self._history(code)
        if code == COUNTRY or history is None:
            return True
        return year < history.codes.first_day.year or history.codes.stands(self._bare(code), date(year, 1, 1))

    def name(self, code: str, year: int) -> str | None:
        """What the region was called that year, or None where Klass does not say."""
        history = self._history(code)
        return None if code == COUNTRY or history is None else history.codes.name(self._bare(code), date(year, 1, 1))

    def instead(self, code: str, year: int) -> list[str]:
        """Codes that were valid in the year for the area, each with its name; empty where Klass does not say."""
        history = self._history(code)
        if history is None:
            return []
        bare, day = self._bare(code), date(year, 1, 1)
        spells = history.codes.spells.get(bare, [])
        ended = max((end for _, end in spells if end <= day), default=None)
        began = min((start for start, _ in spells if start > day), default=None)
        codes: tuple[str, ...] = ()
        if ended is not None:
            areas = history.areas(ended - DAY, day)
            codes = next((area.after for area in areas if bare in area.before), ())
        elif began is not None:
            areas = history.areas(day, began)
            codes = next((area.before for area in areas if bare in area.after), ())
        prefix = code[: len(code) - len(bare)]
        return [f"{prefix}{found} {history.codes.name(found, day)}" for found in codes[:NAMED]]

    def _history(self, code: str) -> History | None:
        return self.counties if code.startswith(COUNTY) else self.municipalities

    @staticmethod
    def _bare(code: str) -> str:
        return code.removeprefix(COUNTY)
