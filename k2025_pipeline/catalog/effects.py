"""When an effect of a programme is told, and when it is refused (``schemas/effects.yml``).

Here belong the limits with their reasons, and the warnings that follow every estimate. Not here: the estimation
(``k2025_pipeline.effects``).
"""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field, field_validator, model_validator

from k2025_pipeline.catalog.base import Declaration, Text, Year, refuse_doubles

LimitId = Literal[
    "treated_at_least",
    "controls_at_least",
    "years_before_at_least",
    "years_after_at_least",
    "years_shown",
    "missing_at_most",
    "lost_at_most",
    "break_common_from",
    "significance",
    "neighbours",
    "caliper",
    "matched_at_least",
    "years_followed",
]
SMALLEST = {"treated_at_least": 2, "controls_at_least": 2, "years_before_at_least": 3, "matched_at_least": 2}
"""Below these the arithmetic itself has nothing to go on."""
COUNTS = {
    *SMALLEST,
    "years_after_at_least",
    "years_shown",
    "neighbours",
    "years_followed",
}
SHARES = {"missing_at_most", "lost_at_most", "break_common_from", "significance"}


class EffectLimit(Declaration):
    """One limit, and why it is where it is."""

    id: LimitId
    value: float = Field(gt=0, allow_inf_nan=False)
    reason: Text

    @model_validator(mode="after")
    def _possible(self) -> EffectLimit:
        if self.id in COUNTS and (self.value % 1 or self.value < SMALLEST.get(self.id, 1)):
            raise ValueError(f"{self.id}: must be a whole number of at least {SMALLEST.get(self.id, 1)}")
        if self.id in SHARES and self.value >= 1:
            raise ValueError(f"{self.id}: is a share and must be below 1")
        return self


class EffectWarning(Declaration):
    """What a reader must know beside an estimate, for all or for those whom it concerns."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    years: tuple[Year, Year] | None = Field(None, description="Concerns windows that touch these years.")
    unit_of_count: Literal["fte", "persons", "hours", "mixed"] | None = None
    text: Text


class EffectsFile(Declaration):
    """``schemas/effects.yml``."""

    limits: list[EffectLimit] = Field(min_length=1)
    warnings: list[EffectWarning] = Field(min_length=1)

    @field_validator("limits")
    @classmethod
    def _all_declared(cls, limits: list[EffectLimit]) -> list[EffectLimit]:
        refuse_doubles("a limit", [limit.id for limit in limits])
        missing = sorted(set(get_args(LimitId)) - {limit.id for limit in limits})
        if missing:
            raise ValueError(f"say the limit {missing[0]}")
        return limits

    @field_validator("warnings")
    @classmethod
    def _told_apart(cls, warnings: list[EffectWarning]) -> list[EffectWarning]:
        refuse_doubles("a warning", [warning.id for warning in warnings])
        return warnings
