"""Fixtures that the contract tests share: the declarations, and one dbt build on a home without figures.

Here belongs what more than one file of this folder needs. Not here: frames (``contract_frames``) and how dbt is
called (``dbt_runs``).
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Any

import pytest
from dbt_runs import run_dbt

from k2025_pipeline.catalog import Catalog, load_catalog
from k2025_pipeline.lake.home import Home
from k2025_pipeline.settings import PROJECT_ROOT
from k2025_pipeline.warehouse import inputs


@dataclass(frozen=True)
class EmptyBuild:
    """A whole ``dbt build``, unit tests included, where the lake holds no table."""

    home: Home
    results: dict[str, dict[str, Any]]

    def copy_to(self, home: Home) -> Home:
        """The same build elsewhere, to be changed."""
        shutil.copytree(self.home.build, home.build)
        return home


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog(PROJECT_ROOT / "schemas")


@pytest.fixture(scope="session")
def empty_build(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> EmptyBuild:
    home = Home(tmp_path_factory.mktemp("empty_build"))
    inputs.prepare(home, catalog, "demo")
    return EmptyBuild(home, run_dbt(home, "build"))
