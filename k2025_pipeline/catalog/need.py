"""The declaration of what the need for staff is reckoned of (``schemas/need.yml``).

Here belongs which series and which documented growth. Not here: the reckoning itself (``dbt/models/marts``).
"""

from __future__ import annotations

from pydantic import Field, model_validator

from k2025_pipeline.catalog.base import Declaration, Evidence, TableId, Text, Year
from k2025_pipeline.catalog.calculations import Term


class Projection(Declaration):
    """The population projection, and the age bands that are taken of it."""

    table: TableId
    band: str = Field(description="Persons whose number decides the need.")
    carers_band: str = Field(description="Numerator of the family care coefficient.")
    oldest_band: str = Field(description="Denominator of the family care coefficient.")


class DocumentedGrowth(Declaration):
    """A growth that a document names, spread evenly over the years from one to another."""

    ref_id: str
    base_year: Year
    target_year: Year
    evidence: Evidence
    reason: Text

    @model_validator(mode="after")
    def _in_order(self) -> DocumentedGrowth:
        if self.base_year >= self.target_year:
            raise ValueError(f"base_year {self.base_year} is not before target_year {self.target_year}")
        return self


class NeedFile(Declaration):
    """``schemas/need.yml``."""

    fte: list[Term] = Field(min_length=1)
    users: list[Term] = Field(min_length=1)
    persons: list[Term] = Field(min_length=1)
    projection: Projection
    documented_growth: DocumentedGrowth

    @property
    def terms(self) -> dict[str, list[Term]]:
        """The series by what they count."""
        return {"fte": self.fte, "users": self.users, "persons": self.persons}
