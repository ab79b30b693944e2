"""A check as it is declared, what it found tonight, and both together.

Here belongs the shape that all engines' checks share. Not here: which checks there are (``ladder``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from k2025_pipeline.catalog.base import Text
from k2025_pipeline.catalog.quality import Engine, LevelId, Severity

Key = tuple[str, str]
"""Asset, its parts joined by ``/``, and name of a check."""


@dataclass(frozen=True)
class Check:
    """One check as it is declared.

    Attributes:
        asset: what it judges, the parts of the asset's key joined by ``/``. name: of the check, unique on its asset.
        level, engine: where on the ladder, and what runs it. rule: what must hold, in bokmål and English.
        severity: ``error`` makes the night red; ``warn`` is shown. blocking: whether its failure stops publication.
        threshold: how far is too far, in words; empty where a single row is too many.
        declared_in: file of the project in which rule and threshold stand. runbook: page of ``docs/runbook``.
    """

    asset: str
    name: str
    level: LevelId
    engine: Engine
    rule: Text
    severity: Severity
    blocking: bool
    declared_in: str
    runbook: str
    threshold: str = ""

    @property
    def key(self) -> Key:
        """What names the check."""
        return self.asset, self.name


@dataclass(frozen=True)
class Finding:
    """What a check found tonight.

    Attributes:
        passed: whether the rule holds. failed: rows, cells or things that break it. checked: how many were judged, or
            None where that has no meaning. sample: the first of those that break it, at most 20.
        message: one sentence for people: what happened, to which table or cell. advice: what to do.
        severity: where it differs from the declared one, as after a decision to overrule.
        repeated: whether it is the standing result of an earlier night, because nothing has changed since.
    """

    passed: bool
    failed: int = 0
    checked: int | None = None
    sample: list[dict[str, Any]] = field(default_factory=list)
    message: str = ""
    advice: str = ""
    severity: Severity | None = None
    repeated: bool = False


@dataclass(frozen=True)
class Outcome:
    """A check with tonight's finding, and how many rows broke it the night before (None: not run then)."""

    check: Check
    finding: Finding
    previous: int | None = None

    @property
    def severity(self) -> Severity:
        """How grave a failure is tonight."""
        return self.finding.severity or self.check.severity

    @property
    def blocks(self) -> bool:
        """Whether it keeps tonight's figures from being published."""
        return not self.finding.passed and self.check.blocking and self.severity == "error"
