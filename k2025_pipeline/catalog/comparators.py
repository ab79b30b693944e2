"""What a municipality is compared with (``schemas/comparators.yml``).

Here belong the comparators, the size classes and the sizes below which nothing is said. Not here: who is in which
group (Klass) and the comparison itself (``dbt/models``).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from k2025_pipeline.catalog.base import Declaration, Text, refuse_doubles

ComparatorId = Literal[
    "country", "country_without_oslo", "county", "kostra_group", "centrality_class", "size_class", "own_history"
]


class SizeClass(Declaration):
    """Municipalities with a population from ``at_least`` to below ``below``; open where that is null."""

    id: str = Field(pattern=r"^\d$")
    at_least: int = Field(ge=0)
    below: int | None
    name: Text


class Comparator(Declaration):
    """One group, or the municipality itself earlier."""

    id: ComparatorId
    name: Text
    description: Text


class ComparatorFile(Declaration):
    """``schemas/comparators.yml``."""

    size_classes: list[SizeClass] = Field(min_length=1)
    small_municipality: str = Field(description="Size class that the programme calls small.")
    leave_out_below: int = Field(ge=2, description="Groups of fewer municipalities leave out the one compared.")
    weighted_from: float = Field(gt=0, le=1, description="Share of a group's municipalities that its sum needs.")
    quartiles_from: int = Field(ge=4, description="Municipalities with a figure that a median needs.")
    comparators: list[Comparator] = Field(min_length=1)

    @field_validator("size_classes")
    @classmethod
    def _without_gaps(cls, classes: list[SizeClass]) -> list[SizeClass]:
        refuse_doubles("a size class", [size.id for size in classes])
        ends = [0, *(size.below for size in classes)]
        if [size.at_least for size in classes] != ends[:-1] or ends[-1] is not None:
            raise ValueError("each class begins where the one before ends, the first at 0, and the last is open")
        return classes

    @field_validator("comparators")
    @classmethod
    def _told_apart(cls, comparators: list[Comparator]) -> list[Comparator]:
        refuse_doubles("a comparator", [comparator.id for comparator in comparators])
        return comparators

    @model_validator(mode="after")
    def _small_is_a_class(self) -> ComparatorFile:
        if self.small_municipality not in {size.id for size in self.size_classes}:
            raise ValueError(f"small_municipality: there is no size class {self.small_municipality!r}")
        return self
