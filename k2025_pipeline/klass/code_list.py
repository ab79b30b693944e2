"""The list of codes of a classification: on which days each was valid, and what it was called.

Here belongs what the list alone says. Not here: what became of a code (``edges``, ``history``).
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import date, timedelta

import polars as pl

UNKNOWN = {"9999", "99"}
"""Codes for areas that are not known: no place, so without history."""
DAY = timedelta(days=1)
LATEST = date.max - DAY
"""A day on which the codes valid are those without an end: today's."""
_BRACKET = re.compile(r" *\([^)]*\)$")
_BETWEEN_LANGUAGES = re.compile(r"\s+[-–]\s+")


class CodeList:
    """Codes with their validity and names.

    Args:
        codes: ``code, name, valid_from, valid_to`` (exclusive, null while valid), as ``klass.client`` decodes them;
            a code has a row for each of its names.

    Attributes:
        first_day: the first day that the list knows of; the last of all days where it is empty.
        spells: first day and day after the last of each time a code was valid, whatever its name.
    """

    def __init__(self, codes: pl.DataFrame) -> None:
        codes = codes.filter(~pl.col("code").is_in(UNKNOWN)).sort("valid_from")
        self.spells = _validity(codes)
        self._names = _names(codes)
        self.first_day: date = min((spells[0][0] for spells in self.spells.values()), default=date.max)

    def valid_on(self, day: date) -> set[str]:
        """Codes valid on a day."""
        return {code for code in self.spells if self.stands(code, day)}

    def stands(self, code: str | None, day: date) -> bool:
        """Whether a code is valid on a day."""
        return any(start <= day < end for start, end in self.spells.get(code or "", []))

    def begins(self, code: str | None, day: date) -> bool:
        """Whether a code is valid from that day on."""
        return any(start == day for start, _ in self.spells.get(code or "", []))

    def ends(self, code: str | None, day: date) -> bool:
        """Whether a code was valid until that day."""
        return any(end == day for _, end in self.spells.get(code or "", []))

    def name(self, code: str | None, day: date = LATEST) -> str | None:
        """The name of a code on a day, or the one nearest to it, where the list of codes has it."""
        names = self._names.get(code or "", [])
        return next((name for start, name in reversed(names) if start <= day), names[0][1] if names else None)


def languages(name: str | None) -> set[str]:
    """The name in each of its languages, in small letters, without what only tells namesakes apart."""
    return set(_BETWEEN_LANGUAGES.split(_BRACKET.sub("", name or "").casefold())) - {""}


def _validity(codes: pl.DataFrame) -> dict[str, list[tuple[date, date]]]:
    """Days on which each code was valid, whatever its name; the end is not included, and far away while valid."""
    spells: dict[str, list[tuple[date, date]]] = defaultdict(list)
    for code, start, end in codes.select("code", "valid_from", "valid_to").iter_rows():
        known = spells[code]
        if known and start <= known[-1][1]:
            known[-1] = (known[-1][0], max(known[-1][1], end or date.max))
        else:
            known.append((start, end or date.max))
    return dict(spells)


def _names(codes: pl.DataFrame) -> dict[str, list[tuple[date, str]]]:
    """The names of each code with the day from which it had them, in order."""
    names: dict[str, list[tuple[date, str]]] = defaultdict(list)
    for code, name, start in codes.select("code", "name", "valid_from").iter_rows():
        names[code].append((start, name))
    return dict(names)
