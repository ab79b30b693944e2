"""What all tests share: where recordings lie, and no telemetry."""

import os
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from k2025_pipeline.settings import PROJECT_ROOT, disable_telemetry

disable_telemetry()
os.environ["COLUMNS"] = "120"  # tables in a terminal, whatever the one that the tests run in


@pytest.fixture(scope="session")
def recordings() -> Path:
    folder = Path(os.environ.get("K2025_RECORDINGS", PROJECT_ROOT.parent / "shared" / "recordings"))
    if not (folder / "statbank").is_dir():
        pytest.skip("the recordings of published figures are not on this machine (K2025_RECORDINGS)")
    return folder.resolve()


WHOLE_NIGHTS = "pipeline"
"""The folder whose tests look at a few whole refreshes: all of it belongs to one worker, which begins with it."""


ONE_DBT_BUILD = "test_dbt_"
"""How files begin that look at one dbt build: they belong to one worker too."""


class ByFile(LoadScopeScheduling):
    """Divide the suite between workers: whole nights to one, each other file as a whole to whoever is free.

    pytest-xdist's own groups (``xdist_group``) say nothing under pytest 9.2, which no longer reads the ids they change.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        folder, name = Path(file).parent.name, Path(file).name
        if folder == WHOLE_NIGHTS:
            return folder
        return ONE_DBT_BUILD if name.startswith(ONE_DBT_BUILD) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.parent.name != WHOLE_NIGHTS)
