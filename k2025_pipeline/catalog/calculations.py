"""How an indicator's value comes about: the series that are summed, and what is done with the sums.

Here belongs what a declaration may say of a numerator, a denominator and a method. Not here: what the indicator means
(``indicators``), nor the arithmetic itself (``dbt/models/marts``).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from k2025_pipeline.catalog.base import Declaration, Text, Year

SourceId = Annotated[str, Field(pattern=r"^(\d{5}|regions|(upload|document)_[a-z0-9_]+)$")]
"""A Statbank table, an upload (``schemas/uploads``), a document (``schemas/reference_values.yml``), or ``regions``: the
number of municipalities by Klass, so that a share of municipalities can be told."""
COUNTED_REGIONS = ("regions", "municipalities")
"""Source and measure of the number of municipalities."""

NEEDED_SIDES = {
    "published": ["published"],
    "amount": ["numerator"],
    "ratio": ["numerator", "denominator"],
    "growth": ["numerator"],
    "model": ["numerator"],
}


class Term(Declaration):
    """One series that enters a sum, in the years in which its source means what the indicator means."""

    table: SourceId
    measure: str
    where: dict[str, str] = Field(default_factory=dict, description="Group per category column.")
    sign: Literal[1, -1] = 1
    valid_from: Year | None = Field(None, description="First year in which the term counts.")
    valid_to: Year | None = Field(None, description="Last year in which the term counts.")

    @model_validator(mode="after")
    def _in_order(self) -> Term:
        if self.valid_from is not None and self.valid_to is not None and self.valid_from > self.valid_to:
            raise ValueError(f"valid_from {self.valid_from} is after valid_to {self.valid_to}")
        return self

    @property
    def years(self) -> tuple[str, str]:
        """First and last year in which the term counts; the ends of the calendar where none is said."""
        return self.valid_from or "0000", self.valid_to or "9999"


class Side(Declaration):
    """A numerator or a denominator: in words, and as the series that are summed.

    Without terms it is words alone: what an indicator would count if somebody published it.
    """

    words: Text
    terms: list[Term] = Field(default_factory=list)


class Calculation(Declaration):
    """How the value comes about.

    ``published``: the source's own figure. ``amount``: the numerator itself. ``ratio``: numerator over denominator
    times the multiplier. ``growth``: change of the numerator since ``years`` before, over its value then, times the
    multiplier; ``annualised`` as the constant yearly growth that makes the same change. ``model``: the figures of a
    model of its own, named by ``model``; numerator and denominator say in words what they are.
    """

    method: Literal["published", "amount", "ratio", "growth", "model"]
    multiplier: float = Field(1, gt=0, allow_inf_nan=False)
    numerator: Side | None = None
    denominator: Side | None = None
    published: Side | None = None
    years: int = Field(1, ge=1, le=10, description="Only for growth: the distance in years.")
    annualised: bool = Field(False, description="Only for growth: as a yearly rate.")
    model: Literal["gap", "need", "quality"] | None = None
    of: str | None = Field(None, description="Only for model gap: the indicator that it is the gap of.")

    @field_validator("multiplier")
    @classmethod
    def _told_as_a_number(cls, multiplier: float) -> float:
        return float(multiplier)

    @model_validator(mode="after")
    def _complete(self) -> Calculation:
        missing = [side for side in NEEDED_SIDES[self.method] if getattr(self, side) is None]
        if missing:
            raise ValueError(f"method {self.method} needs {' and '.join(missing)}")
        if (self.method == "model") != (self.model is not None):
            raise ValueError("method model names its model, and no other method does")
        if (self.model in ("gap", "need")) != (self.of is not None):
            raise ValueError(
                f"model {self.model or 'none'}: gap and need say of which indicator, and nothing else does"
            )
        if self.method != "growth" and (self.years != 1 or self.annualised):
            raise ValueError("years and annualised belong to method growth")
        return self

    @property
    def sides(self) -> dict[str, Side]:
        """The sides that are declared, by role."""
        found = {
            "numerator": self.numerator,
            "denominator": self.denominator,
            "published": self.published,
        }
        return {role: side for role, side in found.items() if side is not None}

    @property
    def deciding(self) -> dict[str, Side]:
        """The sides that the value comes from; beside a published figure the others only stand."""
        return {
            role: side for role, side in self.sides.items() if (role == "published") == (self.method == "published")
        }

    @property
    def has_terms(self) -> bool:
        """Whether every side that the value comes from is made of series."""
        return all(side.terms for side in self.deciding.values())
