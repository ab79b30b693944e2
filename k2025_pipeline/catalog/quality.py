"""What a night is judged by (``schemas/quality.yml``): levels of the ladder, lateness, copies, relations of tables.

Here belong rules and thresholds that concern no single table. Not here: judging by them (``quality``), and thresholds
of a table (``tables``) or of a public table (``expectations``).
"""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field, field_validator, model_validator

from k2025_pipeline.catalog.base import Declaration, Name, TableId, Text

LevelId = Literal["admission", "contract", "relations", "drift", "reconciliation", "acceptance", "publication"]
Engine = Literal["k2025", "pandera", "dbt", "great_expectations"]
Severity = Literal["error", "warn"]
LEVELS: tuple[LevelId, ...] = get_args(LevelId)
"""The levels of the ladder, in the order in which data meets them."""


class Level(Declaration):
    """One level of the ladder."""

    id: LevelId
    name: Text
    about: Text
    on_failure: Text


class CheckRule(Declaration):
    """A check that every thing of a kind has."""

    level: LevelId
    engine: Engine
    severity: Severity
    blocking: bool = Field(description="Whether nothing is published when it fails.")
    runbook: str = Field(pattern=r"^[a-z-]+$", description="Page of docs/runbook.")
    rule: Text

    @model_validator(mode="after")
    def _warnings_never_block(self) -> CheckRule:
        if self.blocking and self.severity == "warn":
            raise ValueError("blocking: a warning does not block")
        return self


class FreshnessRules(Declaration):
    """From when on something is called late."""

    run_hours: int = Field(ge=1, description="Hours since the last successful night after which we are late.")
    grace_days: int = Field(ge=0, description="Days that a source may be late before it is called so.")


class Retention(Declaration):
    """How long dated copies of the published file are kept."""

    nights: int = Field(ge=1, description="Copies of so many of the latest dates are all kept.")
    months: int = Field(ge=0, description="Of older ones the first of each of so many months.")


class PublicationRules(Declaration):
    """What a new file must be to take the place of the one that stands."""

    storage_version: str = Field(pattern=r"^v\d+\.\d+\.\d+$", description="Of the file, in DuckDB's words.")
    lost_rows_share: float = Field(ge=0, lt=1, description="Share of its rows that a public table may lose in a night.")
    rest_on_uploads: list[Name] = Field(description="Public tables that shrink when a person withdraws a file.")


class RelationRule(Declaration):
    """What one kind of dbt test demands, in words: of all tests of the kind in ``dbt/models``."""

    level: Literal["relations", "reconciliation"] = "relations"
    rule: Text
    threshold: Text | None = Field(None, description="How far is too far; left out where a single row is too many.")
    runbook: Literal["relations", "reconciliation"] = "relations"


class Series(Declaration):
    """A series of a source table, named as indicators name theirs."""

    table: TableId
    measure: Name
    where: dict[Name, str] = Field(default_factory=dict, description="Group per category column; defaults left out.")


class SameFigure(Declaration):
    """Two series that tell the same figure, but for rounding."""

    one: Series
    other: Series
    why: Text


class WithinPopulation(Declaration):
    """Persons of a table who are inhabitants too, so that there are no more of them than inhabitants of their age."""

    table: TableId
    measure: Name
    column: Name | None = Field(None, description="Category column of the age; none where `bands` has one entry.")
    bands: dict[str, str] = Field(
        min_length=1, description="Age band of the population by group of the column; `total` without one."
    )

    @model_validator(mode="after")
    def _one_band_without_column(self) -> WithinPopulation:
        if self.column is None and list(self.bands) != ["total"]:
            raise ValueError("bands: without `column` there is one entry, total")
        return self


class Relations(Declaration):
    """Relations between tables: the words of their rules, and which figures they are about."""

    rules: dict[Name, RelationRule] = Field(min_length=1, description="By name of the generic test in dbt.")
    population: Series = Field(description="Inhabitants at the end of the year, by age band.")
    same_figures: list[SameFigure]
    within_population: list[WithinPopulation]


class QualityFile(Declaration):
    """``schemas/quality.yml``."""

    levels: list[Level]
    checks: dict[Name, CheckRule]
    freshness: FreshnessRules
    publication: PublicationRules
    retention: Retention

    relations: Relations

    @field_validator("levels")
    @classmethod
    def _all_in_order(cls, levels: list[Level]) -> list[Level]:
        if [level.id for level in levels] != list(LEVELS):
            raise ValueError(f"the ladder has the levels {', '.join(LEVELS)}, each once and in this order")
        return levels

    def level(self, level_id: LevelId) -> Level:
        """The level with this id."""
        return self.levels[LEVELS.index(level_id)]
