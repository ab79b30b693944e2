"""The definition record of one indicator (``schemas/indicators/<ID>.yml``), and measures and references.

Here belongs what an indicator is: names, purpose, numerator and denominator in words and as table,
measure and category. Not here: its values, nor the arithmetic that makes them (``dbt/models/marts``).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from k2025_pipeline.catalog.base import Declaration, TableId, Text, Year, refuse_doubles

IndicatorId = Annotated[str, Field(pattern=r"^[A-Z]{2,4}-\d{2}$")]


class Term(Declaration):
    """One published series that enters a sum."""

    table: TableId
    measure: str
    where: dict[str, str] = Field(default_factory=dict, description="Group per category column.")
    sign: Literal[1, -1] = 1


class Side(Declaration):
    """A numerator or a denominator: in words, and as the series that are summed."""

    words: Text
    terms: list[Term] = Field(min_length=1)


class Calculation(Declaration):
    """How the value comes about.

    ``published``: the source's own figure. ``amount``: the numerator itself. ``ratio``: numerator over
    denominator times the multiplier. ``growth``: change of the numerator since the year before over that
    year's value, times the multiplier.
    """

    method: Literal["published", "amount", "ratio", "growth"]
    multiplier: float = Field(1, gt=0, allow_inf_nan=False)
    numerator: Side | None = None
    denominator: Side | None = None
    published: Side | None = None

    @model_validator(mode="after")
    def _complete(self) -> Calculation:
        needed = {
            "published": ["published"],
            "amount": ["numerator"],
            "ratio": ["numerator", "denominator"],
            "growth": ["numerator"],
        }[self.method]
        missing = [side for side in needed if getattr(self, side) is None]
        if missing:
            raise ValueError(f"method {self.method} needs {' and '.join(missing)}")
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


class Variant(Declaration):
    """A further cut of the same indicator: another age group or another denominator."""

    suffix: str = Field(pattern=r"^[A-Z0-9+-]+$")
    name: Text
    calculation: Calculation
    unit: str | None = None
    decimals: int | None = None
    interval: Literal["wilson", "none"] | None = None


class IndicatorDefinition(Declaration):
    """One definition record."""

    id: IndicatorId
    version: int = Field(ge=1)
    status: Literal["proposed", "experimental", "official", "retired"]
    valid_from: Year
    name: Text
    short_name: Text
    purpose: Text
    rationale: Text
    domain: Literal["KOMP", "HELT", "STAB", "REKR", "LED", "TJEN", "KVAL", "KONT", "DQ"]
    type: Literal["structure", "process", "outcome", "context"]
    unit: str
    decimals: int = Field(ge=0, le=6)
    direction: Literal["higher_is_better", "lower_is_better", "context"]
    unit_of_count: Literal["fte", "persons", "hours", "mixed"]
    calculation: Calculation
    interval: Literal["wilson", "none"] = "none"
    variants: list[Variant] = Field(default_factory=list)
    levels: list[Literal["municipality", "county", "kostra_group", "country"]]
    measures: list[Annotated[int, Field(ge=1, le=17)]]
    strategic_areas: list[Literal["SA1", "SA2", "SA3", "SA4"]] = Field(default_factory=list)
    caveats: Text
    stated_in: list[str] = Field(default_factory=list, description="Programme document and line.")

    @field_validator("valid_from")
    @classmethod
    def _begun(cls, year: str) -> str:
        if int(year) > date.today().year:
            raise ValueError("a definition is valid from this year at the latest")
        return year

    @field_validator("variants")
    @classmethod
    def _told_apart(cls, variants: list[Variant]) -> list[Variant]:
        refuse_doubles("a suffix", [variant.suffix for variant in variants])
        return variants


class ProgrammeMeasure(Declaration):
    """One of the seventeen measures that the Directorate of Health lists."""

    measure_no: int = Field(ge=1, le=17)
    summary: Text
    target_group: Text
    level: Text
    status: Text
    chapter: str


class StrategicArea(Declaration):
    """One of the four strategic areas of Kompetanseløft 2025."""

    id: Literal["SA1", "SA2", "SA3", "SA4"]
    name: Text


class MeasuresFile(Declaration):
    """``schemas/measures.yml``."""

    source: str
    measures: list[ProgrammeMeasure] = Field(min_length=17, max_length=17)
    strategic_areas: list[StrategicArea] = Field(min_length=4, max_length=4)


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


class ReferenceFile(Declaration):
    """``schemas/reference_values.yml``."""

    values: list[ReferenceValue] = Field(min_length=1)


class Expectation(Declaration):
    """One acceptance rule of a public table, in Great Expectations' vocabulary."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    type: str = Field(pattern=r"^expect_[a-z_]+$")
    arguments: dict[str, object] = Field(default_factory=dict)
    where: str | None = Field(None, description="Rows the rule concerns, as a SQL condition.")
    blocking: bool = True
    description: Text


class ExpectationFile(Declaration):
    """``schemas/expectations/<table>.yml``."""

    table: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    expectations: list[Expectation] = Field(min_length=1)
