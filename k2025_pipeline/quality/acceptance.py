"""How one expectation of a public table came out: what the audit, its pages and the checks share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Acceptance:
    """How one expectation came out.

    Attributes:
        table, name: which. suite: of Great Expectations, whose page tells more.
        description: in bokmål. passed, blocking: outcome and weight.
        failed: rows that break it, 0 for a rule about the whole table. sample: some of the values.
        observed: what was found instead, for a rule about the whole table.
    """

    table: str
    name: str
    suite: str
    description: str
    passed: bool
    blocking: bool
    failed: int
    sample: list[Any]
    observed: str
