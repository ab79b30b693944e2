"""The declaration of one Klass classification (``schemas/classifications/<id>.yml``)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from k2025_pipeline.catalog.base import Declaration, Evidence, Pattern, Text, Year

Code = Annotated[str, Field(pattern=r"^\d{2,4}$")]


class BorderChange(Declaration):
    """Part of one code's area that went to another, and that the list of changes leaves out."""

    old_code: Code
    new_code: Code
    changed_on: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    reason: Text
    source: str
    evidence: Evidence


class ClassificationContract(Declaration):
    """What is asked of Klass about one classification."""

    id: str = Field(pattern=r"^\d{1,4}$")
    title: Text
    description: Text
    owner: str = "team:data-team"
    first_year: Year = "2015"
    code_pattern: Pattern = Field(description="What a code of this classification looks like.")
    changes: bool = Field(False, description="Ask for the code changes since `changes_from`.")
    changes_from: str = Field("2011-01-01", pattern=r"^\d{4}-\d{2}-\d{2}$")
    border_changes: list[BorderChange] = Field(default_factory=list)
    corresponds_from: str | None = Field(
        None,
        description="Ask, year by year, which code of this classification a code of that one belongs to.",
    )
    evidence: Evidence
    licence: str = "CC BY 4.0"

    @property
    def name(self) -> str:
        """Name of the classification in the lake and the warehouse."""
        return f"klass_{self.id}"

    @property
    def datasets(self) -> dict[str, str]:
        """Typed datasets of the classification: name in the lake by kind."""
        kinds = ["codes"]
        kinds += ["changes"] if self.changes else []
        kinds += ["correspondence"] if self.corresponds_from else []
        return {kind: f"{self.name}_{kind}" for kind in kinds}

    @property
    def url(self) -> str:
        """Page of the classification at Statistics Norway."""
        return f"https://www.ssb.no/klass/klassifikasjoner/{self.id}"
