"""How figures are judged against chance (``schemas/statistics.yml``).

Here belong the limits that the judgement uses. Not here: the formulas (``dbt/models/marts/funnel_limits.sql``) and
which interval an indicator has (``indicators``).
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Annotated

from pydantic import Field, field_validator

from k2025_pipeline.catalog.base import Declaration, refuse_doubles
from k2025_pipeline.catalog.comparators import ComparatorId

COVERAGES = (0.95, 0.998)
"""Coverages of the inner and the outer funnel limits, after which public columns and classes are named."""
Level = Annotated[float, Field(gt=0.5, lt=1, allow_inf_nan=False)]


class Funnel(Declaration):
    """Control limits around the figure of a group: Spiegelhalter (2005), Statistics in Medicine 24:1185-1202."""

    comparators: list[ComparatorId] = Field(min_length=1, description="Groups around whose figure limits are drawn.")
    limits: list[Level] = Field(description="Coverage of the inner and the outer limits.")
    units_from: int = Field(ge=3, description="Municipalities with a figure that limits need.")
    winsorised: float = Field(ge=0, lt=0.5, description="Share of the residuals that is drawn in at each end.")
    dispersion_level: Level = Field(description="Level of the test that the spread is greater than chance.")

    @field_validator("limits")
    @classmethod
    def _as_the_columns_are_named(cls, limits: list[float]) -> list[float]:
        if tuple(limits) != COVERAGES:
            raise ValueError(f"columns and classes of public.indicator_funnel are named after {list(COVERAGES)}")
        return limits

    @field_validator("comparators")
    @classmethod
    def _groups(cls, comparators: list[ComparatorId]) -> list[ComparatorId]:
        refuse_doubles("a comparator", comparators)
        if "own_history" in comparators:
            raise ValueError("own_history is no group of municipalities")
        return comparators

    @property
    def deviates(self) -> list[float]:
        """Standard normal deviates of the limits, the inner one first."""
        return [NormalDist().inv_cdf((1 + coverage) / 2) for coverage in self.limits]

    @property
    def dispersion_deviate(self) -> float:
        """Standard normal deviate of the one-sided test of the spread."""
        return NormalDist().inv_cdf(self.dispersion_level)


class StatisticsFile(Declaration):
    """``schemas/statistics.yml``."""

    funnel: Funnel
