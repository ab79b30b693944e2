"""A thousand seeded nights: K2025_NIGHTS and K2025_SEED say how many and which."""

import os
from pathlib import Path

import pytest

from .simulator import Simulator

NIGHTS = int(os.environ.get("K2025_NIGHTS", "1000"))
SEED = int(os.environ.get("K2025_SEED", "2025"))


@pytest.mark.slow
@pytest.mark.timeout(3 * 3600)
def test_a_thousand_nights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def say(text: str) -> None:
        with capsys.disabled():
            print(text, flush=True)

    account = Simulator(tmp_path, SEED, say).run(NIGHTS)
    for line in account.lines():
        say(line)
    assert account.nights == NIGHTS
    if NIGHTS >= 300:
        assert account.quiet and account.kills and account.refused and account.silent_noticed
