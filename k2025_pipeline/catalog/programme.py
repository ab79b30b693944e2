"""What the programme says: measures, strategic areas, programmes (``schemas/measures.yml``) and published figures.

Here belongs what these declarations may say. Not here: the indicators that answer them (``indicators``).
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from k2025_pipeline.catalog.base import Declaration, Evidence, Name, Text, refuse_doubles

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
    """A published figure, for reconciliation and for reading: where it stands, what it counts and how exact it is.

    ``statement`` is for what a document says of an amount without giving a figure («nearly half»): it has no value.
    """

    ref_id: str = Field(pattern=r"^R\d{3}[a-z0-9_-]*$")
    label: Text
    value: float | None = Field(None, allow_inf_nan=False, description="Empty for a statement alone.")
    decimals: int = Field(
        0, ge=0, le=6, description="Decimals that the document prints; those written here where it is not said."
    )
    unit: str
    period: str
    region_code: str = "EAK"
    kind: Literal["exact", "approx", "bound", "projection", "statement"]
    bound: Literal["lower", "upper"] | None = Field(
        None, description="Only for a bound: whether the figure meant lies above it (lower) or below it (upper)."
    )
    document: str
    line: str
    evidence: Evidence = Field(
        "documented",
        description="How the figure is known: recorded in an answer of the source, documented where it is printed, or "
        "assumed: told by others or read out of its context.",
    )
    indicator_id: str | None = Field(None, description="Indicator whose figure it can be held against.")
    indicator_part: Literal["value", "numerator", "denominator"] | None = None
    tolerance: float | None = Field(
        None,
        ge=0,
        description="Largest difference that counts as the same, where that is more than the rounding of the figure.",
    )
    why_different: Text | None = Field(None, description="Why our figure is another, where it is.")
    demo_ignores: bool = Field(
        False, description="Whether the demo's figure is generated without regard to this one, so that they may differ."
    )
    series: DocumentSeries | None = None

    @model_validator(mode="before")
    @classmethod
    def _as_many_decimals_as_written(cls, content: Any) -> Any:
        if not isinstance(content, dict) or "decimals" in content or not isinstance(content.get("value"), float):
            return content
        return {**content, "decimals": len(str(content["value"]).partition(".")[2])}

    @model_validator(mode="after")
    def _one_year_in_a_series(self) -> ReferenceValue:
        if self.series is not None and not (self.period.isdigit() and len(self.period) == 4):
            raise ValueError(f"a figure of a series is of one year, and period says {self.period!r}")
        return self

    @model_validator(mode="after")
    def _complete(self) -> ReferenceValue:
        if (self.value is None) != (self.kind == "statement"):
            raise ValueError("a statement has no value, and every other kind has one")
        if (self.bound is not None) != (self.kind == "bound"):
            raise ValueError("a bound says whether it is lower or upper, and no other kind does")
        if (self.indicator_id is None) != (self.indicator_part is None):
            raise ValueError("indicator_id and indicator_part stand together")
        if self.tolerance is not None and self.kind in ("bound", "statement"):
            raise ValueError("a bound or a statement has no tolerance")
        if self.series is not None and self.value is None:
            raise ValueError("a statement is no point of a series")
        return self

    @property
    def rounding(self) -> float | None:
        """Half of the last digit that the document gives.

        For an approximate figure that is the last digit other than zero: «about 55,000» is told in thousands.
        """
        if self.value is None or self.kind == "bound":
            return None
        if self.kind == "exact" or self.decimals or not self.value:
            return float(0.5 * 10**-self.decimals)
        digits = str(abs(int(self.value)))
        return float(0.5 * 10 ** (len(digits) - len(digits.rstrip("0"))))


class ReferenceFile(Declaration):
    """``schemas/reference_values.yml``."""

    values: list[ReferenceValue] = Field(min_length=1)

    @field_validator("values")
    @classmethod
    def _told_apart(cls, values: list[ReferenceValue]) -> list[ReferenceValue]:
        refuse_doubles("a ref_id", [value.ref_id for value in values])
        return values

    @property
    def documents(self) -> dict[tuple[str, str], set[str]]:
        """Categories by table and measure of the series that published figures make."""
        found: dict[tuple[str, str], set[str]] = {}
        for value in self.values:
            if value.series is not None:
                found.setdefault((value.series.table, value.series.measure), set()).add(value.series.category)
        return found
