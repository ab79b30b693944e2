"""What all tests share: where recordings lie, and no telemetry."""

import os
from pathlib import Path

import pytest

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


@pytest.hookimpl(tryfirst=True)  # before the workers read the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Divide the suite between workers: whole nights to one, each other file as a whole to whoever is free."""
    for item in items:
        folder = item.path.parent.name
        item.add_marker(pytest.mark.xdist_group(folder if folder == WHOLE_NIGHTS else str(item.path)))
    items.sort(key=lambda item: item.path.parent.name != WHOLE_NIGHTS)
