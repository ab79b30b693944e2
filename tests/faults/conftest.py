"""Fixtures of the fault tests: the declarations, one local Statbank that serves June, and a home filled in March."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from k2025_pipeline.catalog import Catalog
from k2025_pipeline.demo.server import LocalStatbank
from k2025_pipeline.lake.home import Home

from . import small_statbank as small

MANY = 1_000_000
"""Calls per minute that the local Statbank allows: hundreds of nights are over in one."""


@dataclass(frozen=True)
class World:
    """What a test starts from.

    Attributes:
        catalog: two tables and two classifications. statbank: serves June of one table and both classifications;
        the other table is unchanged since March. march: a home that was filled and published in March; it is
        copied, never used. undisturbed: typed content after an undisturbed night over it. delivered: its answers.
    """

    catalog: Catalog
    statbank: LocalStatbank
    march: Path
    undisturbed: dict[str, str]
    delivered: dict[str, list[tuple[str, str, str]]]

    def home(self, folder: Path) -> Path:
        """A home of a test's own."""
        return Path(shutil.copytree(self.march, folder / "home"))


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return small.small_catalog()


@pytest.fixture(scope="session")
def one_world(tmp_path_factory: pytest.TempPathFactory, catalog: Catalog) -> Iterator[World]:
    root = tmp_path_factory.mktemp("world")
    march = small.write_source(root / "sources" / "march", catalog)
    june = small.write_source(root / "sources" / "june", catalog, [small.TABLE, small.KLASS, small.GROUPS])
    with LocalStatbank(march, cell_limit=small.CELL_LIMIT, rate_limit=MANY) as statbank:
        home = root / "march"
        small.run_night(home, statbank.url, catalog, small.FIRST_NIGHT)
        small.publish_once(Home(home), catalog)
        shutil.rmtree(home / "build")
        statbank.serve(june)
        shutil.copytree(home, root / "june")
        small.run_night(root / "june", statbank.url, catalog)
        yield World(catalog, statbank, home, small.typed_content(root / "june"), small.delivered(root / "june"))


@pytest.fixture
def world(one_world: World) -> Iterator[World]:
    """The world without faults, before and after."""
    one_world.statbank.faults = ()
    one_world.statbank.log.clear()
    yield one_world
    one_world.statbank.faults = ()
