"""What the programme says: measures, strategic areas, programmes (``schemas/measures.yml``) and published figures.

Here belongs what these declarations may say. Not here: the indicators that answer them (``indicators``).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from k2025_pipeline.catalog.base import Declaration, Name, Text, refuse_doubles

StrategicAreaId = Literal["SA1", "SA2", "SA3", "SA4"]


class ProgrammeMeasure(Declaration):
    """One of the seventeen measures that the Directorate of Health lists."""

    measure_no: int = Field(ge=1, le=17)
    summary: Text
    target_group: Text
    level: Text
    status: Text
    chapter: str
    missing_data: Text | None = Field(
        None, description="What would have to be known to see the measure's effect and is openly published by nobody."
    )


class StrategicArea(Declaration):
    """One of the four strategic areas of Kompetanseløft 2025."""

    id: StrategicAreaId
    name: Text


class Programme(Declaration):
    """A programme or scheme that the documents name, and the outcome that it aims at."""

    id: Name
    name: Text
    aim: Text
    document: str
    line: str


class MeasuresFile(Declaration):
    """``schemas/measures.yml``."""

    source: str
    status_date: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="Day for which the status of measures holds.")
    measures: list[ProgrammeMeasure] = Field(min_length=17, max_length=17)
    strategic_areas: list[StrategicArea] = Field(min_length=4, max_length=4)
    programmes: list[Programme] = Field(default_factory=list)

    @field_validator("programmes")
    @classmethod
    def _told_apart(cls, programmes: list[Programme]) -> list[Programme]:
        refuse_doubles("a programme", [programme.id for programme in programmes])
        return programmes


class DocumentSeries(Declaration):
    """The series that a published figure is a point of, so that indicators can be calculated of it."""

    table: str = Field(pattern=r"^document_[a-z0-9_]+$")
    measure: Name
    category: str = ""


class ReferenceValue(Declaration):
    """A published figure, for reconciliation and for reading: where it stands and what it counts."""

    ref_id: str = Field(pattern=r"^R\d{3}[a-z0-9_-]*$")
    label: Text
    value: float
    unit: str
    period: str
    region_code: str = "EAK"
    kind: Literal["exact", "approx", "bound", "projection"]
    document: str
    line: str
    indicator_id: str | None = Field(None, description="Indicator whose figure it can be held against.")
    indicator_part: Literal["value", "numerator", "denominator"] | None = None
    tolerance: float | None = Field(
        None,
        ge=0,
        description="Largest difference that counts as the same; for an exact figure half of its last digit.",
    )
    why_different: Text | None = Field(None, description="Why our figure is another, where it is.")
    series: DocumentSeries | None = None

    @model_validator(mode="after")
    def _one_year_in_a_series(self) -> ReferenceValue:
        if self.series is not None and not (self.period.isdigit() and len(self.period) == 4):
            raise ValueError(f"a figure of a series is of one year, and period says {self.period!r}")
        return self


class ReferenceFile(Declaration):
    """``schemas/reference_values.yml``."""

    values: list[ReferenceValue] = Field(min_length=1)

    @property
    def documents(self) -> dict[tuple[str, str], set[str]]:
        """Categories by table and measure of the series that published figures make."""
        found: dict[tuple[str, str], set[str]] = {}
        for value in self.values:
            if value.series is not None:
                found.setdefault((value.series.table, value.series.measure), set()).add(value.series.category)
        return found
