"""What a planted fault is, and what became of it.

Belongs here: the shape that all families of faults share, and the words of what a check found. Does not belong here:
the faults themselves (``*_faults``) and planting them (the tests).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from k2025_pipeline.catalog.base import Text
from k2025_pipeline.catalog.quality import LEVELS, LevelId
from k2025_pipeline.quality.outcome import Check, Key

OUTCOMES = Path(__file__).with_name("outcomes.json")
Outcomes = dict[str, "Outcome"]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault in otherwise good data.

    Attributes:
        id: short name. text: what was done. planted_in: table, file or answer.
        level: of the ladder at which it is meant to be caught; None where nothing is expected to see it.
        check: asset and name of the check that is meant to. rule: inside a check that has several, else empty.
        slips: why nothing sees it and what would, where ``level`` is None.
    """

    id: str
    text: Text
    planted_in: str
    level: LevelId | None = None
    check: Key = ("", "")
    rule: str = ""
    slips: Text | None = None


@dataclass(frozen=True, order=True)
class Catch:
    """A check that broke because of a fault; ``rule`` where the check has several."""

    level: str
    asset: str
    name: str
    rule: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of a fault.

    Attributes:
        caught_by: every check that broke. reached_public: whether the wrong figure is, or would be, published.
    """

    caught_by: list[Catch] = field(default_factory=list)
    reached_public: bool = False

    def as_meant(self, fault: Fault) -> bool:
        """Whether the check that is meant to has caught the fault, at the level that is meant."""
        return any(
            (c.level, c.asset, c.name) == (fault.level, *fault.check) and fault.rule in ("", c.rule)
            for c in self.caught_by
        )


def caught(checks: Mapping[Key, Check], found: Iterable[tuple[Key, str]]) -> list[Catch]:
    """Checks with the rules that broke in them, in the order of the ladder."""
    catches = {Catch(checks[key].level, *key, rule) for key, rule in found}
    order = {level: place for place, level in enumerate(LEVELS)}
    return sorted(catches, key=lambda catch: (order[catch.level], catch))  # type: ignore[index]


def recorded() -> Outcomes:
    """What the last run that was written down found, by fault."""
    data: dict[str, Any] = orjson.loads(OUTCOMES.read_bytes())
    return {
        fault: Outcome([Catch(**catch) for catch in told["caught_by"]], told["reached_public"])
        for fault, told in data.items()
    }
