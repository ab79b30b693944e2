"""The declared limits and warnings as the estimation asks for them.

Here belongs the form. Not here: the limits themselves (``schemas/effects.yml``).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Warned:
    """A warning, and whom it concerns; None concerns all."""

    nb: str
    en: str
    unit_of_count: str | None
    years: tuple[int, int] | None

    def concerns(self, unit_of_count: str, first: int | None, last: int | None) -> bool:
        """Whether an estimate of such a unit over these years needs the warning."""
        if self.unit_of_count not in (None, unit_of_count):
            return False
        if self.years is None or first is None or last is None:
            return self.years is None
        return first <= self.years[1] and last >= self.years[0]


@dataclass(frozen=True)
class Rules:
    """Limits by id, and warnings."""

    limits: dict[str, float]
    warnings: list[Warned]

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> Rules:
        """From the rows of ``catalog.effect_rules``: a limit has a value, a warning has none."""
        limits = {row["rule_id"]: row["value"] for row in frame.iter_rows(named=True) if row["value"] is not None}
        warnings = [
            Warned(
                row["text_nb"],
                row["text_en"],
                row["unit_of_count"],
                (int(row["first_year"]), int(row["last_year"])) if row["first_year"] else None,
            )
            for row in frame.iter_rows(named=True)
            if row["value"] is None
        ]
        return cls(limits, warnings)

    def __getitem__(self, limit: str) -> float:
        """The limit's value."""
        return self.limits[limit]

    def count(self, limit: str) -> int:
        """The limit's value as a whole number."""
        return int(self.limits[limit])
