"""What all tests share: where recordings lie, and no telemetry."""

import os
from pathlib import Path

import pytest

from k2025_pipeline.settings import PROJECT_ROOT, disable_telemetry

disable_telemetry()


@pytest.fixture(scope="session")
def recordings() -> Path:
    folder = Path(os.environ.get("K2025_RECORDINGS", PROJECT_ROOT.parent / "shared" / "recordings"))
    if not (folder / "statbank").is_dir():
        pytest.skip("the recordings of published figures are not on this machine (K2025_RECORDINGS)")
    return folder.resolve()
