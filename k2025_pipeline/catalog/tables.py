"""The contract of one Statbank table (``schemas/tables/<id>.yml``).

Here belongs what is asked for, what the answer's columns mean and what must hold.
Not here: how it is fetched (``pxweb``), checked (``validation``) or modelled (``dbt``).
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, field_validator, model_validator

from k2025_pipeline.catalog.base import (
    Declaration,
    Evidence,
    Name,
    Pattern,
    TableId,
    Text,
    Year,
    plain,
    refuse_doubles,
)

RegionCoding = Literal["kostra", "statbank"]
REGION_PATTERNS: dict[RegionCoding, str] = {
    "kostra": r"^(\d{4}|EAK|EAKUO|EKA\d{2}|EKG\d{2})$",
    "statbank": r"^(0|\d{2}|\d{4})$",
}
WHOLE_COUNTRY = ("0", "Hele landet")
"""Region code and label, as Statbank writes them, of every figure in a table without regions."""
SYMBOLS = (".", "..", "...", ":", "-", "*")
"""SSB's standard signs that may stand beside a cell (facts: ssb.no, standardtegn i tabeller)."""


class Category(Declaration):
    """One category of a dimension and the group that the product knows it by."""

    group: str = Field(pattern=r"^[a-z0-9_+-]+$", description="Conformed name used by indicators.")
    code: str | None = Field(None, description="Code at the source; left out when no public source shows it.")
    labels: list[str] = Field(min_length=1, description="Labels that mean this category, any spelling seen.")
    name: Text
    evidence: Evidence


class Dimension(Declaration):
    """One dimension: its code at the source, its column here and what is selected."""

    code: str
    role: Literal["region", "category", "measure", "period"]
    column: Name
    description: Text
    evidence: Evidence
    coding: RegionCoding | None = Field(None, description="Only for the region: which code system.")
    expression: str = Field("*", description="Selection in the API's grammar, e.g. `*`, `top(5)`, `????`.")
    from_period: Year | None = Field(None, description="Only for the period: first period asked for.")
    categories: list[Category] = Field(
        default_factory=list, description="When given, every category at the source must map to one of these."
    )
    code_pattern: Pattern | None = Field(
        None, description="What a code looks like, for a dimension without categories."
    )
    only_declared: bool = Field(False, description="Ask only for the declared categories, not for all.")
    default_group: str | None = Field(None, description="Group taken where an indicator names none.")
    total_group: str | None = Field(None, description="Group that is the sum of all the others, where one is.")

    @field_validator("categories")
    @classmethod
    def _told_apart(cls, categories: list[Category]) -> list[Category]:
        refuse_doubles("a group", [c.group for c in categories])
        trusted = [c for c in categories if c.evidence != "assumed"]  # an assumed code finds nothing by itself
        refuse_doubles("a code", [c.code for c in trusted if c.code is not None])
        refuse_doubles(
            "a label", [label for c in categories for label in {plain(text): text for text in c.labels}.values()]
        )
        return categories

    @model_validator(mode="after")
    def _sums_to_a_group(self) -> Dimension:
        if self.total_group is not None and self.total_group not in {c.group for c in self.categories}:
            raise ValueError(f"total_group: no category maps to {self.total_group!r}")
        return self


class Measure(Declaration):
    """One ``ContentsCode``: what is measured, in what unit, and within what bounds."""

    name: Name
    code: str | None = Field(None, description="Code at the source; left out when no public source shows it.")
    labels: list[str] = Field(default_factory=list, description="Labels that mean this measure.")
    label: Text
    unit: str = Field(description="Unit as SSB writes it, e.g. `prosent`, `årsverk`, `personer`.")
    unit_aliases: list[str] = Field(default_factory=list, description="Other spellings seen for the same unit.")
    decimals: int = Field(ge=0, le=6)
    minimum: float | None = Field(None, allow_inf_nan=False)
    maximum: float | None = Field(None, allow_inf_nan=False)
    additive: bool = Field(False, description="A count that may be summed over municipalities.")
    rounded: bool = Field(
        True, description="Rounded to its decimals, so that sums may differ by half a unit for each figure in them."
    )
    zero_means_missing: bool = Field(False, description="The source writes 0 where it has no figure.")
    evidence: Evidence

    @model_validator(mode="after")
    def _findable(self) -> Measure:
        if self.code is None and not self.labels:
            raise ValueError("a measure needs a code or at least one label to be found by")
        return self

    @model_validator(mode="after")
    def _bounded(self) -> Measure:
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum:g} is above maximum {self.maximum:g}")
        return self


class Extract(Declaration):
    """One question to the table. Most tables need a single one."""

    structure: Literal["as_published", "current"] = Field(
        "as_published", description="Codes valid in their year, or every year in today's municipalities."
    )
    codelist: str | None = Field(None, description="Id of the codelist for the region dimension.")
    codelist_label: str | None = Field(None, description="Its label, where ids differ from table to table.")
    region_pattern: Pattern | None = Field(None, description="Pattern of the region codes under the codelist.")
    evidence: Evidence = "recorded"


class Band(Declaration):
    """Consecutive ages counted together; bands may overlap."""

    group: str = Field(pattern=r"^[a-z0-9+-]+$")
    first_age: int = Field(ge=0)
    last_age: int = Field(ge=0, description="Inclusive; 105 stands for 105 and older.")


CalendarKind = Literal["kostra", "annual", "quarterly", "monthly"]
PUBLICATIONS: dict[CalendarKind, int] = {"kostra": 2, "annual": 1, "quarterly": 4, "monthly": 12}
"""How often a year a table of each kind appears."""


class Calendar(Declaration):
    """When the source publishes."""

    kind: CalendarKind = Field(
        description="`kostra` appears unrevised in March and revised in June. Periods are years, quarters (2025K1) or "
        "months (2025M03)."
    )
    publishes: list[str] = Field(
        description="Days as MM-DD in order, moved to Monday from a weekend: one of an annual table, two of KOSTRA, "
        "one in each quarter or month of the others."
    )
    early_days: int = Field(
        0, ge=0, le=15, description="So many days before the declared one it may appear: the day follows the weekday."
    )
    closed: bool = Field(
        False,
        description="The source adds nothing more: a series that ended, or one whose next edition is another table.",
    )

    @field_validator("publishes")
    @classmethod
    def _days_of_any_year(cls, days: list[str]) -> list[str]:
        for day in days:
            date.fromisoformat(f"2001-{day}")
        return days

    @model_validator(mode="after")
    def _as_often_as_its_kind(self) -> Calendar:
        wanted = PUBLICATIONS[self.kind]
        if len(self.publishes) != wanted:
            raise ValueError(f"publishes: a {self.kind} table has {wanted} days, and here are {len(self.publishes)}")
        if sorted(set(self.publishes)) != self.publishes:
            raise ValueError("publishes: the days must stand in order, each once")
        months = [int(day[:2]) for day in self.publishes]
        if self.kind in ("quarterly", "monthly") and [(m - 1) * wanted // 12 for m in months] != list(range(wanted)):
            raise ValueError(f"publishes: a {self.kind} table has one day in each {self.kind.removesuffix('ly')}")
        return self


class Coverage(Declaration):
    """The size that a whole answer from SSB is expected to have, in cells."""

    min_cells: int = Field(ge=1)
    max_cells: int = Field(ge=1)

    @model_validator(mode="after")
    def _bounded(self) -> Coverage:
        if self.min_cells > self.max_cells:
            raise ValueError(f"min_cells {self.min_cells} is above max_cells {self.max_cells}")
        return self


class Drift(Declaration):
    """How far a new vintage may be from the one that stands; beyond that it is refused, or shown.

    A measure in a period is what is compared: with the same period of the standing vintage, and in a new period with
    the latest one before.
    """

    rows: float = Field(
        gt=0, le=1, allow_inf_nan=False, description="Largest change of the number of cells, as a share: 0.25."
    )
    magnitude: float = Field(
        gt=1, allow_inf_nan=False, description="Largest factor by which figures may be larger or smaller on the whole."
    )
    smallest_sample: int = Field(
        ge=1,
        description="Fewest cells that a median or a share is formed of. Below, sums are compared and shares are not.",
    )
    jump: float = Field(
        gt=1, allow_inf_nan=False, description="Factor beyond which a single figure is shown as a jump."
    )
    jump_from: float = Field(
        gt=0, allow_inf_nan=False, description="Size that a figure must have, before or now, to be shown as a jump."
    )
    missing_rise: float = Field(
        ge=0, lt=1, allow_inf_nan=False, description="Largest rise of the share of cells without figure, by symbol."
    )
    zeros_rise: float = Field(ge=0, lt=1, allow_inf_nan=False, description="Largest share of figures that become 0.")
    unchanged: float = Field(
        gt=0,
        le=1,
        allow_inf_nan=False,
        description="Largest share of a new period's figures that may be exactly those of the period before.",
    )


class TableContract(Declaration):
    """Everything the product declares about one Statbank table."""

    id: TableId
    title: Text
    description: Text
    theme: Name
    owner: str = "team:data-team"
    national: bool = Field(
        False, description="The table has no regions: all its figures are the country's, and no dimension is a region."
    )
    dimensions: list[Dimension] = Field(min_length=3)
    measures: list[Measure] = Field(min_length=1)
    derived_measures: list[Name] = Field(
        default_factory=list, description="Measures that core makes from this table and indicators may name."
    )
    extracts: list[Extract] = Field(default_factory=lambda: [Extract()])
    bands: list[Band] = Field(default_factory=list, description="Age bands that core sums single ages into.")
    areas_are_sums: bool = Field(
        False,
        description="Figures of counties and the country are sums of municipalities. Where they are not, as in KOSTRA, "
        "they are Statistics Norway's own estimates, and a difference is no fault of ours.",
    )
    projection: bool = Field(
        False, description="Figures of years to come: kept in core.projections, and no indicator is made of them."
    )
    symbols: list[str] = Field(default_factory=lambda: list(SYMBOLS), min_length=1)
    coverage: Coverage
    drift: Drift
    calendar: Calendar
    reference_time: Text
    licence: str = "CC BY 4.0"
    attribution: Text = Text(nb="Kilde: Statistisk sentralbyrå", en="Source: Statistics Norway")

    @property
    def name(self) -> str:
        """Name of the table in the lake and the warehouse."""
        return f"ssb_{self.id}"

    @property
    def url(self) -> str:
        """Page of the table at Statistics Norway."""
        return f"https://www.ssb.no/statbank/table/{self.id}"

    def dimension(self, role: str) -> Dimension:
        """The only dimension with ``role`` (``measure``, ``period`` or, unless the table is national, ``region``)."""
        return next(d for d in self.dimensions if d.role == role)

    def region_pattern(self, extract: Extract) -> str:
        """What the region codes of an extract look like in the typed table."""
        if self.national:
            return f"^{WHOLE_COUNTRY[0]}$"
        coding = self.dimension("region").coding
        assert coding is not None
        return extract.region_pattern or REGION_PATTERNS[coding]

    @property
    def category_dimensions(self) -> list[Dimension]:
        """Dimensions that are neither region, measure nor period, in contract order."""
        return [d for d in self.dimensions if d.role == "category"]

    @property
    def key(self) -> list[str]:
        """Columns that together name one cell."""
        return [
            "structure",
            "region_code",
            *(d.column for d in self.category_dimensions),
            "measure",
            "period",
        ]

    def category_key(self, chosen: dict[str, str]) -> str:
        """The text that stands for one combination of groups in ``core.observations``.

        Args:
            chosen: group per category column; a column left out takes its default group.

        Returns:
            Groups in contract order joined by ``|``; empty for a table without categories.

        Raises:
            KeyError: for a column without group and without default.
        """
        groups = []
        for dimension in self.category_dimensions:
            group = chosen.get(dimension.column, dimension.default_group)
            if group is None:
                raise KeyError(dimension.column)
            groups.append(group)
        return "|".join(groups)

    @model_validator(mode="after")
    def _consistent(self) -> TableContract:
        for role in ("measure", "period"):
            if sum(d.role == role for d in self.dimensions) != 1:
                raise ValueError(f"dimensions: exactly one must have the role {role}")
        return self

    @model_validator(mode="after")
    def _placed(self) -> TableContract:
        regions = [d for d in self.dimensions if d.role == "region"]
        if self.national:
            if regions:
                raise ValueError("national: a dimension has the role region, so the table is not national")
            if self.extracts != [Extract(evidence=extract.evidence) for extract in self.extracts]:
                raise ValueError("extracts: a national table has no regions to choose, by codelist or structure")
            return self
        if len(regions) != 1:
            raise ValueError("dimensions: exactly one must have the role region, or the table is `national`")
        if regions[0].coding is None or regions[0].column != "region_code":
            raise ValueError("dimensions: the region needs `coding` and the column `region_code`")
        return self

    @model_validator(mode="after")
    def _told_apart(self) -> TableContract:
        refuse_doubles("dimensions: a name", [d.column for d in self.dimensions])
        refuse_doubles("measures: a name", [m.name for m in self.measures])
        refuse_doubles("measures: a code", [m.code for m in self.measures if m.code is not None])
        refuse_doubles("extracts: a structure", [e.structure for e in self.extracts])
        return self
