"""The contract of one upload (``schemas/uploads/<file>.yml``): figures that only the users have.

Here belongs which columns a person's file may have, what a cell of each may say, and what the figures mean.
Not here: reading a file (``ingest.uploads``) and what follows from its figures (``dbt``).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from k2025_pipeline.catalog.base import Declaration, Name, Text, Year, plain, refuse_doubles

ColumnType = Literal["region", "year", "number", "flag", "text", "date", "choice"]
RegionLevel = Literal["municipality", "county", "country"]
MEASURED = ("number", "flag", "year")
"""Types of a column whose cells are figures; the year that is the period is no figure."""
RESERVED = (
    "region_label", "measure", "unit", "period", "value", "symbol", "file_row", "note", "uploaded_by", "dated",
    "uploaded_at", "file", "source", "vintage", "is_stale",
)  # fmt: skip
"""Columns that every upload has in the lake beside those of its contract."""
REGION_NAME = "region_name"
"""The column of a file that names the region, so that a figure on the wrong row is noticed; in the lake it is
``region_label``."""


class Choice(Declaration):
    """One thing that a cell of a choice may say, and the group that the product knows it by."""

    group: str = Field(pattern=r"^[a-z0-9_]+$", description="Conformed name, as in schemas/tables.")
    name: Text = Field(description="Either language is accepted in a cell.")
    labels: list[str] = Field(default_factory=list, description="Other spellings that are accepted.")

    @property
    def spellings(self) -> list[str]:
        """Everything that a cell may say for this group, as :func:`plain` compares it, each once."""
        said = [self.group, self.name.nb, self.name.en, *self.labels]
        return list(dict.fromkeys(plain(text) for text in said))


class UploadColumn(Declaration):
    """One column of the file."""

    name: Name = Field(description="Name in the warehouse; accepted as a header too.")
    headers: list[str] = Field(min_length=1, description="Headers that mean this column; the first is the template's.")
    type: ColumnType
    description: Text
    example: str = Field(min_length=1, description="What a cell may look like, as it is typed in Norway.")
    required: bool = Field(False, description="The file must have the column. A figure may still be missing.")
    unit: str | None = Field(None, description="Of a figure, as SSB writes it, e.g. `prosent`, `årsverk`, `kr`.")
    decimals: int = Field(0, ge=0, le=6, description="Decimals that a figure is given with; 0 is a whole number.")
    minimum: float | None = Field(None, allow_inf_nan=False)
    maximum: float | None = Field(None, allow_inf_nan=False)
    additive: bool = Field(False, description="A count that may be summed over municipalities.")
    at_most: Name | None = Field(None, description="Column of the same row that the figure may not be above.")
    at_least: Name | None = Field(None, description="Column of the same row that the figure may not be below.")
    empty: Literal["..", "."] = Field("..", description="What an empty cell says: no figure, or nothing to tell.")
    categories: list[Choice] = Field(default_factory=list, description="Of a choice.")
    default_group: str | None = Field(None, description="Of a choice: taken where the file lacks the column.")

    @property
    def accepted_headers(self) -> list[str]:
        """Every header that means this column, as :func:`plain` compares them, each once."""
        return list(dict.fromkeys(plain(text) for text in (self.name, *self.headers)))

    @field_validator("categories")
    @classmethod
    def _told_apart(cls, categories: list[Choice]) -> list[Choice]:
        refuse_doubles("a group", [choice.group for choice in categories])
        refuse_doubles("a spelling", [text for choice in categories for text in choice.spellings])
        return categories

    @model_validator(mode="after")
    def _fits_its_type(self) -> UploadColumn:
        if (self.type == "choice") != bool(self.categories):
            raise ValueError("`categories` belong to a choice, and a choice needs them")
        if self.default_group is not None and self.default_group not in {c.group for c in self.categories}:
            raise ValueError(f"default_group {self.default_group!r} is none of the categories")
        if self.type == "number" and self.unit is None:
            raise ValueError("a number needs a `unit`")
        if self.type not in MEASURED and (self.at_most or self.at_least or self.unit or self.additive):
            raise ValueError("`unit`, `additive`, `at_most` and `at_least` belong to figures")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum:g} is above maximum {self.maximum:g}")
        return self


class UploadContract(Declaration):
    """Everything the product declares about one upload."""

    file: Name = Field(description="Name of the file in `inputs/`, without .csv or .xlsx.")
    title: Text
    description: Text
    definition: Text = Field(description="Which definition the figures follow, and what they must not be mixed with.")
    where_from: Text = Field(description="Where the figures are to be had.")
    small_numbers: Text = Field(description="What is hidden at the source, and what to write in such cells.")
    theme: Name
    owner: str = "team:data-team"
    period: Name = Field(description="The column of type `year` that the figures are about.")
    first_year: Year = "2000"
    region_levels: list[RegionLevel] = Field(min_length=1)
    todays_codes: bool = Field(False, description="Today's codes are accepted for any year: lists of who takes part.")
    columns: list[UploadColumn] = Field(min_length=3)

    @property
    def id(self) -> str:
        """Id of the upload where tables have theirs, e.g. in ``core.observations_uploaded``."""
        return f"upload_{self.file}"

    @property
    def name(self) -> str:
        """Name of the upload in the lake and the warehouse."""
        return self.id

    def column(self, name: str) -> UploadColumn:
        """The column of that name."""
        return next(c for c in self.columns if c.name == name)

    @property
    def category_columns(self) -> list[UploadColumn]:
        """Choices, in contract order."""
        return [c for c in self.columns if c.type == "choice"]

    @property
    def measures(self) -> list[UploadColumn]:
        """Columns whose cells are figures, in contract order."""
        return [c for c in self.columns if c.type in MEASURED and c.name != self.period]

    @property
    def attributes(self) -> list[UploadColumn]:
        """Texts and dates that go with all figures of a row; not the region's name."""
        return [c for c in self.columns if c.type in ("text", "date") and c.name != REGION_NAME]

    @property
    def row_key(self) -> list[str]:
        """Columns of a file that may stand together on one row only."""
        return ["region_code", *(c.name for c in self.category_columns), self.period]

    @property
    def key(self) -> list[str]:
        """Columns of the typed frame that together name one cell."""
        return ["region_code", *(c.name for c in self.category_columns), "measure", "period"]

    def category_key(self, chosen: dict[str, str]) -> str:
        """The text that stands for one combination of groups; as ``TableContract.category_key``.

        Raises:
            KeyError: for a column without group and without default.
        """
        groups = []
        for column in self.category_columns:
            group = chosen.get(column.name, column.default_group)
            if group is None:
                raise KeyError(column.name)
            groups.append(group)
        return "|".join(groups)

    @model_validator(mode="after")
    def _consistent(self) -> UploadContract:
        names = {c.name: c for c in self.columns}
        regions = [c.name for c in self.columns if c.type == "region"]
        if regions != ["region_code"]:
            raise ValueError("columns: exactly one must have the type `region`, and the name `region_code`")
        if self.period not in names or names[self.period].type != "year":
            raise ValueError(f"period: there is no column {self.period!r} of the type `year`")
        if not self.measures:
            raise ValueError("columns: none of them is a figure")
        taken = [name for name in names if name in RESERVED and name != self.period]
        if taken:
            raise ValueError(f"columns: the name {taken[0]!r} is used by every upload in the lake")
        if REGION_NAME in names and names[REGION_NAME].type != "text":
            raise ValueError(f"columns: {REGION_NAME} must have the type `text`")
        for column in self.columns:
            for other in (column.at_most, column.at_least):
                if other is not None and (other not in names or names[other].type not in MEASURED):
                    raise ValueError(f"columns: {column.name}: there is no column {other!r} with figures")
        return self

    @model_validator(mode="after")
    def _told_apart(self) -> UploadContract:
        refuse_doubles("columns: a name", [c.name for c in self.columns])
        refuse_doubles("columns: a header", [h for c in self.columns for h in c.accepted_headers])
        return self
