"""Changes that are taken apart into their causes (``schemas/decompositions.yml``).

Here belongs what a declaration may say: which staff, counted in what, and which of them the figure is about. Not here:
the arithmetic (``dbt/models/marts/staff_changes.sql``).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from k2025_pipeline.catalog.base import Declaration, Name, Text, refuse_doubles
from k2025_pipeline.catalog.calculations import SourceId

Group = dict[str, str]


class Decomposition(Declaration):
    """One figure made of groups of staff: their persons, and how large a position each person has.

    ``amount``: FTEs of the counted groups, whose change is taken apart into persons and position size. ``share``: their
    FTEs in per cent of those of all groups, whose change is taken apart into composition and position size.
    """

    id: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$")
    kind: Literal["amount", "share"]
    name: Text
    of: Text = Field(description="Whom the figure is about, in a sentence's plural: «ansatte uten utdanning».")
    table: SourceId
    persons: Name = Field(description="Measure that counts persons.")
    volume: Name = Field(description="Measure of the groups' FTEs, or of a person's mean hours.")
    full_position: float | None = Field(
        None, gt=0, description="Hours of a full position, where the volume is a person's mean hours and no FTEs."
    )
    counted: list[Group] = Field(min_length=1, description="Groups that the figure counts: group per category column.")
    beside: list[Group] = Field(default_factory=list, description="Only for a share: the other groups of the whole.")
    decimals: int = Field(ge=0, le=6)

    @property
    def unit(self) -> str:
        """What the change is told in."""
        return "årsverk" if self.kind == "amount" else "prosentpoeng"

    @property
    def measures(self) -> list[str]:
        """Measures that it reads."""
        return [self.persons, self.volume]

    @property
    def groups(self) -> list[Group]:
        """All groups that it reads."""
        return [*self.counted, *self.beside]

    @model_validator(mode="after")
    def _complete(self) -> Decomposition:
        refuse_doubles("a group", ["|".join(group.values()) for group in self.groups])
        if (self.kind == "share") != bool(self.beside):
            raise ValueError("a share is of a whole, so it has groups beside the counted ones, and an amount has none")
        return self


class DecompositionFile(Declaration):
    """``schemas/decompositions.yml``."""

    decompositions: list[Decomposition] = Field(min_length=1)

    @field_validator("decompositions")
    @classmethod
    def _told_apart(cls, given: list[Decomposition]) -> list[Decomposition]:
        refuse_doubles("a decomposition", [decomposition.id for decomposition in given])
        return given
