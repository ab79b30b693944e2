"""Whole nights of `k2025 refresh` that are killed, or meet a full disk, between the build and publication.

Opt-in (`-m slow`): each test is two nights, of about a minute each. Here belongs what only dbt and Great Expectations
themselves can show. Not here: steps that a small home shows in less than a second (``test_kill``, ``test_disk``).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from k2025_pipeline.demo.generator import ensure_demo
from k2025_pipeline.lake.home import Home
from k2025_pipeline.quality import nights
from k2025_pipeline.warehouse.publish import file_hash, published, query

from .test_disk import mounted
from .test_kill import nothing_half_written

pytestmark = pytest.mark.slow
EDITION = "select any_value(edition) from public.indicator_values where indicator_id = 'KOMP-01' and period = '2025'"
SIGNS = [
    "build/build.duckdb",  # dbt begins
    "build/dbt/run_results.json",  # dbt has ended, the audit begins
    "reports/gx/uncommitted/validations/public/indicators",  # half of the tables are audited
    "reports/data_docs/index.html",  # all are, the Data Docs are written
    "build/audit.json",  # the audit has ended
    "build/next/warehouse.duckdb",  # the new file is written
]
"""What is written on the way from the build to publication, in their order."""


@pytest.fixture(scope="module")
def march(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A home in which March is published, and the two tables that it is refreshed from: by now those of June."""
    demo = tmp_path_factory.mktemp("demo")
    editions = {name: ensure_demo(demo, name) for name in ("unrevised", "revised")}
    folder = tmp_path_factory.mktemp("two_tables")
    shutil.copytree(editions["revised"] / "klass", folder / "klass")
    shutil.copy(editions["revised"] / "source.json", folder)
    (folder / "statbank").mkdir()
    for table, edition in (("12209", "unrevised"), ("12292", "revised")):
        shutil.copy(editions[edition] / "statbank" / f"{table}.json", folder / "statbank")
    home = tmp_path_factory.mktemp("march") / "home"
    assert refreshing(home, folder).wait(timeout=500) == 0
    shutil.copy(editions["revised"] / "statbank" / "12209.json", folder / "statbank")
    return home, folder


@pytest.fixture
def home(tmp_path: Path, march: tuple[Path, Path]) -> Home:
    """A copy of March for a test of its own."""
    return Home(Path(shutil.copytree(march[0], tmp_path / "home")))


def refreshing(home: Path, source: Path) -> subprocess.Popen[str]:
    """`k2025 refresh` in a process of its own; what it says goes to a file beside the home."""
    with (home.parent / "said.txt").open("w", encoding="utf-8") as said:
        return subprocess.Popen(
            [str(Path(sys.executable).with_name("k2025")), "refresh", "--source", str(source)],
            env={**os.environ, "K2025_HOME": str(home), "COLUMNS": "200"},
            stdout=said,
            stderr=subprocess.STDOUT,
            text=True,
        )


def serves_march(home: Home, sha256: str) -> None:
    """The file stands byte for byte, and its manifest speaks of it."""
    found = published(home)
    assert found is not None
    assert found.sha256 == file_hash(home.warehouse) == sha256
    assert query(home, EDITION).item() == "unrevised"


def brings_june(home: Home, source: Path) -> None:
    """The next run is whole, publishes June, and asks for nothing that the source had given."""
    assert refreshing(home.root, source).wait(timeout=500) == 0
    found = published(home)
    assert found is not None
    assert found.sha256 == file_hash(home.warehouse)
    assert query(home, EDITION).item() == "revised"
    record = nights.latest(home)
    assert record is not None
    assert record.requests["statbank"] <= 2, "every answer was archived before the build began"


@pytest.mark.parametrize("sign", SIGNS)
def test_killed_while_it_builds_and_audits(home: Home, march: tuple[Path, Path], sign: str) -> None:
    before, started = file_hash(home.warehouse), time.time()
    _forget(home.root / sign)
    killed = refreshing(home.root, march[1])
    while not (home.root / sign).exists():
        assert killed.poll() is None, "the run ended before it was killed"
        assert time.time() < started + 400
        time.sleep(0.02)
    killed.kill()
    killed.wait()
    nothing_half_written(home.raw)
    nothing_half_written(home.typed)
    serves_march(home, before)
    brings_june(home, march[1])


def _forget(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)


def test_the_disk_is_full_while_dbt_builds(home: Home, march: tuple[Path, Path]) -> None:
    """The build folder lies on a disk that holds dbt's own files and half of the database."""
    before, size = file_hash(home.warehouse), home.build_file.stat().st_size
    shutil.rmtree(home.build)
    mounted(home.build, "-t", "tmpfs", "-o", f"size={size // 2 + 24 * 1024**2}", "tmpfs")
    try:
        assert refreshing(home.root, march[1]).wait(timeout=500) == 1
        said = (home.root.parent / "said.txt").read_text("utf-8")
        assert "the disk is full" in said
        assert "docs/runbook/disk-full.md" in said
        serves_march(home, before)
        record = nights.latest(home)
        assert record is not None
        assert record.ending == "blocked"
    finally:
        subprocess.run(["umount", "--lazy", str(home.build)], check=True)
    brings_june(home, march[1])
