"""Fixtures that the contract tests share: the declarations, and one dbt build on a home without figures.

Here belongs what more than one file of this folder needs. Not here: frames (``contract_frames``) and how dbt is
called (``dbt_runs``).
"""

from __future__ import annotations

import pytest

from dbt_runs import EmptyBuild, run_dbt
from k2025_pipeline.catalog import Catalog, load_catalog
from k2025_pipeline.lake.home import Home
from k2025_pipeline.settings import PROJECT_ROOT
from k2025_pipeline.warehouse import inputs


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog(PROJECT_ROOT / "schemas")


@pytest.fixture(scope="session")
def empty_build(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> EmptyBuild:
    home = Home(tmp_path_factory.mktemp("empty_build"))
    inputs.prepare(home, catalog, "demo")
    return EmptyBuild(home, run_dbt(home, "build"))
