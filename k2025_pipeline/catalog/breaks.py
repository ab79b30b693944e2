"""The declaration of breaks (``schemas/breaks.yml``): where series change meaning, and which ones that concerns.

Here belongs what a break may say. Not here: how a series is cut at one (``dbt/models/marts``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Literal

from pydantic import Field, field_validator, model_validator

from k2025_pipeline.catalog.base import Declaration, Evidence, Name, Text, Year, refuse_doubles
from k2025_pipeline.catalog.calculations import SourceId
from k2025_pipeline.catalog.tables import TableContract
from k2025_pipeline.catalog.uploads import UploadContract

RegionLevel = Literal["municipality", "county", "kostra_group", "country", "country_without_oslo"]
FIRST_YEAR, LAST_YEAR = 1990, 2035


Source = TableContract | UploadContract


def declared_measures(source: Source) -> list[str]:
    """Names of everything that a table or an upload measures, and of what core makes from it."""
    derived = source.derived_measures if isinstance(source, TableContract) else []
    return [*(measure.name for measure in source.measures), *derived]


class Concern(Declaration):
    """Series of one table that a break concerns."""

    table: SourceId
    measures: list[Name] = Field(default_factory=list, description="Empty: every measure of the table.")

    @field_validator("measures")
    @classmethod
    def _told_apart(cls, measures: list[str]) -> list[str]:
        refuse_doubles("a measure", measures)
        return measures


class Break(Declaration):
    """A point where series change meaning, or a day from which the source tells them anew."""

    id: str = Field(pattern=r"^[A-Z][A-Z0-9]*(-[A-Z0-9]+)*$", description="What and when, e.g. `WORKING-TIME-2018`.")
    name: Text
    kind: Literal["register", "method", "definition", "grouping", "reissue"] = Field(
        description="What changed. `reissue`: the source corrected figures that it had published."
    )
    from_period: Year | None = Field(None, alias="from", description="Last period of the old meaning.")
    to_period: Year | None = Field(None, alias="to", description="First period of the new meaning.")
    vintage_to: date | None = Field(
        None, description="Only for a reissue: first day of the new figures. Vintages before and after do not mix."
    )
    treatment: Literal["split", "bridge", "none"] = Field(
        description="`split`: a new segment of the series; `bridge`: chained; `none`: told, not cut (reason says why)."
    )
    reason: Text
    source: str = Field(min_length=1, description="Who says so: document and line, or page.")
    evidence: Evidence
    levels: list[RegionLevel] = Field(default_factory=list, description="Region levels concerned; empty: all.")
    concerns: list[Concern] = Field(min_length=1)

    @field_validator("levels")
    @classmethod
    def _levels_told_apart(cls, levels: list[RegionLevel]) -> list[RegionLevel]:
        refuse_doubles("a level", levels)
        return levels

    @field_validator("concerns")
    @classmethod
    def _tables_told_apart(cls, concerns: list[Concern]) -> list[Concern]:
        refuse_doubles("a table", [concern.table for concern in concerns])
        return concerns

    @model_validator(mode="after")
    def _dated(self) -> Break:
        has_periods = self.from_period is not None and self.to_period is not None
        if self.treatment != "none" and not has_periods:
            raise ValueError(f"treatment {self.treatment} needs from and to")
        if self.kind == "reissue":
            if self.vintage_to is None or self.from_period is not None or self.to_period is not None:
                raise ValueError("kind reissue needs vintage_to, and has neither from nor to")
        elif not has_periods or self.vintage_to is not None:
            raise ValueError(f"kind {self.kind} needs from and to, and has no vintage_to")
        return self

    @model_validator(mode="after")
    def _within_the_series(self) -> Break:
        if self.vintage_to is not None and not FIRST_YEAR <= self.vintage_to.year <= LAST_YEAR:
            raise ValueError(f"vintage_to lies between {FIRST_YEAR} and {LAST_YEAR}")
        if self.from_period is None or self.to_period is None:
            return self
        before, after = int(self.from_period), int(self.to_period)
        if after != before + 1:
            raise ValueError(f"to is the year after from, but they say {after} and {before}")
        if before < FIRST_YEAR or after > LAST_YEAR:
            raise ValueError(f"a break lies between {FIRST_YEAR} and {LAST_YEAR}")
        return self

    @property
    def region_levels(self) -> list[RegionLevel | None]:
        """The levels concerned, or None alone for every level."""
        return [*self.levels] or [None]

    def series(self, sources: Mapping[str, Source]) -> Iterator[tuple[str, str]]:
        """Table and measure of each series concerned."""
        for concern in self.concerns:
            for measure in concern.measures or declared_measures(sources[concern.table]):
                yield concern.table, measure


class BreaksFile(Declaration):
    """``schemas/breaks.yml``."""

    breaks: list[Break]

    @field_validator("breaks")
    @classmethod
    def _told_apart(cls, breaks: list[Break]) -> list[Break]:
        refuse_doubles("an id", [broken.id for broken in breaks])
        return breaks
