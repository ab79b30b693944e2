"""Fixtures of the mutation tests: the declarations, the ladder, and a home filled with good data.

Belongs here: what more than one family of faults needs. Does not belong here: faults and what is expected of them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from faults import small_statbank as small
from k2025_pipeline.demo.server import LocalStatbank
from k2025_pipeline.quality.ladder import ladder
from k2025_pipeline.quality.outcome import Check, Key
from mutations import good_source

MANY = 1_000_000


@dataclass(frozen=True)
class GoodNight:
    """A home after a night of good data, to be copied, and the Statbank that served it."""

    home: Path
    statbank: LocalStatbank

    def copy_to(self, place: Path) -> Path:
        """A home of a fault's own."""
        return Path(shutil.copytree(self.home, place))


@pytest.fixture(scope="session")
def checks() -> Mapping[Key, Check]:
    """The ladder without dbt's tests: to read those takes longer than most faults."""
    return ladder(good_source.full_catalog(), {"nodes": {}})


@pytest.fixture(scope="session")
def good_night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GoodNight]:
    root = tmp_path_factory.mktemp("good")
    folder = good_source.good_source().write(root / "source")
    with LocalStatbank(folder, rate_limit=MANY) as statbank:
        told = small.run_night(root / "home", statbank.url, good_source.small_catalog(), small.FIRST_NIGHT)
        assert {outcome.state for outcome in told.typed.values()} == {"accepted"}
        yield GoodNight(root / "home", statbank)
