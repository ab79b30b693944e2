"""The definition record of one indicator (``schemas/indicators/<ID>.yml``).

Here belongs what an indicator is: names, purpose, population, how it is read, compared and shown, and which of its
figures can be had. Not here: how the value comes about (``calculations``), nor the values (``dbt/models/marts``).
"""

from __future__ import annotations

import copy
from datetime import date
from typing import Annotated, Any, Literal, get_args

from pydantic import ConfigDict, Field, field_validator, model_validator

from k2025_pipeline.catalog.base import Declaration, Evidence, Name, Text, Year, refuse_doubles
from k2025_pipeline.catalog.calculations import Calculation, SourceId
from k2025_pipeline.catalog.comparators import ComparatorId
from k2025_pipeline.catalog.programme import StrategicAreaId

IndicatorId = Annotated[str, Field(pattern=r"^[A-Z]{2,4}-\d{2}$")]
Availability = Literal["computed", "reference_only", "upload"]
"""``computed`` from open tables; ``reference_only``: only figures printed in documents; ``upload``: from files that
the users themselves have."""
Interval = Literal["wilson", "wilson_fte", "byar", "none"]
"""``wilson`` for shares of persons; ``wilson_fte`` the same on FTEs as a marked approximation; ``byar`` for rates of
events per person."""
Smoothing = Literal["rolling_3", "none"]
"""``rolling_3``: numerators and denominators of three years, summed, stand in ``public.indicator_rolling`` as well."""
Level = Literal["municipality", "county", "kostra_group", "country"]
Measures = list[Annotated[int, Field(ge=1, le=17)]]


class Target(Declaration):
    """What the figure is held against. The plan sets no numeric target, so a reference is declared, never official."""

    kind: Literal["none", "declared_reference"]
    comparator: ComparatorId | None = Field(None, description="Group whose figure is the reference.")
    statistic: Literal["value", "median", "best_quartile"] | None = None
    origin: Text = Field(description="Where the reference comes from, or why there is none.")

    @model_validator(mode="after")
    def _complete(self) -> Target:
        declared = self.comparator is not None and self.statistic is not None
        if (self.kind == "declared_reference") != declared:
            raise ValueError("a declared reference names comparator and statistic, and no target names neither")
        return self


class SmallNumbers(Declaration):
    """Below which size a figure is told with a warning, and what else holds for small numbers."""

    min_denominator: float | None = Field(
        None, gt=0, description="Smallest denominator, in its own unit, of a figure that is shown without a warning."
    )
    rule: Text


class SourceReference(Declaration):
    """Where a figure comes from, or would come from, and how that is known."""

    name: Text
    table: SourceId | None = None
    evidence: Evidence


def _written_once(schema: dict[str, Any]) -> None:
    """For editors: a variant that is written once for several groups has ``for_each`` instead of a suffix."""
    schema["properties"]["for_each"] = {
        "description": "By suffix: the group that the variant is about, and what it is called in both languages.",
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": schema["properties"]["suffix"]["pattern"]},
        "additionalProperties": {"type": "object", "additionalProperties": {"type": "string"}},
    }
    schema["required"].remove("suffix")
    schema["oneOf"] = [{"required": ["suffix"]}, {"required": ["for_each"]}]


class Variant(Declaration):
    """A further definition beside the main one: another age group, numerator, denominator or source."""

    model_config = ConfigDict(json_schema_extra=_written_once)

    suffix: str = Field(pattern=r"^[A-Z0-9+-]+$")
    name: Text
    calculation: Calculation
    unit: str | None = None
    decimals: int | None = None
    interval: Interval | None = None
    smoothing: Smoothing | None = None
    direction: Literal["higher_is_better", "lower_is_better", "context"] | None = None
    unit_of_count: Literal["fte", "persons", "hours", "money", "mixed"] | None = None
    levels: list[Level] | None = None
    availability: Availability | None = None
    availability_reason: Text | None = None
    small_numbers: SmallNumbers | None = None
    caveats: Text | None = Field(None, description="What holds for this definition beside the family's caveats.")


class IndicatorDefinition(Declaration):
    """One definition record. A variant takes from it what it does not say itself."""

    id: IndicatorId
    version: int = Field(ge=1)
    status: Literal["proposed", "experimental", "official", "retired"]
    valid_from: Year
    valid_to: Year | None = None
    owner: str = "team:data-team"
    name: Text
    short_name: Text
    purpose: Text
    rationale: Text
    domain: Literal["KOMP", "HELT", "STAB", "REKR", "LED", "TJEN", "KVAL", "KONT", "DQ"]
    quality_dimension: Literal[
        "effective", "safe", "user_involving", "coordinated", "resources", "accessible", "none"
    ] = Field(description="The six dimensions of the Directorate of Health's national quality indicators.")
    type: Literal["structure", "process", "outcome", "context", "quality_of_data"]
    measures: Measures
    is_effect_measure: bool = Field(description="Whether the effect of its measures should show in it.")
    strategic_areas: list[StrategicAreaId] = Field(default_factory=list)
    programmes: list[Name] = Field(
        default_factory=list, description="Programmes of schemas/measures.yml that aim at it."
    )
    unit: str
    decimals: int = Field(ge=0, le=6)
    rounding: Literal["half_away_from_zero"] = "half_away_from_zero"
    direction: Literal["higher_is_better", "lower_is_better", "context"]
    unit_of_count: Literal["fte", "persons", "hours", "money", "mixed"]
    calculation: Calculation
    population: Text
    inclusions: Text
    exclusions: Text
    reference_time: Text
    frequency: Literal["annual", "quarterly", "irregular"] = "annual"
    target: Target
    interval: Interval = "none"
    smoothing: Smoothing | None = Field(
        None, description="Left out: rolling_3 for a ratio that has an interval, none for all else."
    )
    small_numbers: SmallNumbers
    comparators: list[ComparatorId] = Field(default_factory=lambda: list(get_args(ComparatorId)))
    variants: list[Variant] = Field(default_factory=list)
    levels: list[Level] = Field(min_length=1)
    availability: Availability
    availability_reason: Text | None = Field(None, description="Why there are no computed figures.")
    sources: list[SourceReference] = Field(min_length=1)
    caveats: Text
    stated_in: list[str] = Field(default_factory=list, description="Programme document and line.")

    @model_validator(mode="before")
    @classmethod
    def _each_group_a_variant(cls, content: Any) -> Any:
        if not isinstance(content, dict) or not isinstance(content.get("variants"), list):
            return content
        variants = [one for given in content["variants"] for one in _spread_over_groups(given)]
        return {**content, "variants": variants}

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

    def smoothing_of(self, variant: Variant | None = None) -> Smoothing:
        """How the main definition or a variant is smoothed."""
        said = variant.smoothing if variant is not None and variant.smoothing is not None else self.smoothing
        interval = self.interval if variant is None or variant.interval is None else variant.interval
        is_ratio = (variant or self).calculation.method == "ratio"
        if not is_ratio:
            return "none"
        return said or ("none" if interval == "none" else "rolling_3")

    @model_validator(mode="after")
    def _smoothed(self) -> IndicatorDefinition:
        told: list[IndicatorDefinition | Variant] = [self, *self.variants]
        for definition in told:
            if definition.smoothing == "rolling_3" and definition.calculation.method != "ratio":
                raise ValueError("smoothing: only numerators and denominators of a ratio are summed over years")
        return self

    @model_validator(mode="after")
    def _available(self) -> IndicatorDefinition:
        told: list[tuple[str, IndicatorDefinition | Variant]] = [("", self)]
        told += [(f"variants.{variant.suffix}.", variant) for variant in self.variants]
        for place, definition in told:
            availability = definition.availability or self.availability
            if availability != "computed" and (definition.availability_reason or self.availability_reason) is None:
                raise ValueError(f"{place}availability_reason: {availability} needs a reason")
            calculation = definition.calculation
            if availability == "computed" and not (calculation.method == "model" or calculation.has_terms):
                raise ValueError(f"{place}calculation: computed needs terms")
        return self


def _spread_over_groups(given: Any) -> list[Any]:
    """One variant for each entry of ``for_each``, with ``{group}``, ``{nb}`` and ``{en}`` filled in.

    An entry says which group of a category the variant is about and what it is called, by suffix.
    """
    if not isinstance(given, dict) or "for_each" not in given:
        return [given]
    pattern = {key: value for key, value in given.items() if key != "for_each"}
    groups: dict[str, dict[str, str]] = given["for_each"]
    return [{**_filled(copy.deepcopy(pattern), words), "suffix": suffix} for suffix, words in groups.items()]


def _filled(content: Any, words: dict[str, str]) -> Any:
    if isinstance(content, dict):
        return {key: _filled(value, words) for key, value in content.items()}
    if isinstance(content, list):
        return [_filled(value, words) for value in content]
    if isinstance(content, str):
        for key, word in words.items():
            content = content.replace("{" + key + "}", word)
    return content
