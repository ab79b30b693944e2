"""Acceptance rules of a public table (``schemas/expectations/<table>.yml``), in Great Expectations' vocabulary.

Here belongs what a rule may say. Not here: judging by it (``warehouse/audit.py``).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from k2025_pipeline.catalog.base import Declaration, Text


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
    level: Literal["acceptance", "reconciliation"] = Field("acceptance", description="Level of the ladder.")
    expectations: list[Expectation] = Field(min_length=1)
