"""A disk that is full, during the build and during publication, and a home that cannot be written.

The small disks are tmpfs of a few MB; where a test may not mount them, it is skipped.
"""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from k2025_pipeline import runbook
from k2025_pipeline.catalog import Catalog, load_catalog
from k2025_pipeline.cli import main
from k2025_pipeline.lake.disk import DiskFull, UnwritableHome, told_in, told_plainly
from k2025_pipeline.lake.home import Home, write_json
from k2025_pipeline.orchestration.failures import why
from k2025_pipeline.settings import PROJECT_ROOT
from k2025_pipeline.warehouse import copies, going_back, inputs
from k2025_pipeline.warehouse import publish as publish_module
from k2025_pipeline.warehouse.publish import file_hash, held, published

from . import small_statbank as small
from .conftest import World

OLD, NEW = small.ROWS[0][1], 74.2
SIZE = 32
"""MB of the small disk."""


def mounted(folder: Path, *options: str) -> None:
    """Mount a small disk on a folder, or skip the test where that may not be done."""
    folder.mkdir(exist_ok=True)
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few MB."""
    folder = tmp_path / "disk"
    mounted(folder, "-t", "tmpfs", "-o", f"size={SIZE}m", "tmpfs")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def home(disk: Path, catalog: Catalog) -> Home:
    """A published home on the small disk."""
    found = Home(disk / "home")
    small.publish_once(found, catalog)
    return found


def fill(disk: Path, leave: int = 0) -> Path:
    """Fill a disk but for ``leave`` bytes; the file that does it."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - leave)
    return ballast


def serves(home: Home, value: float) -> None:
    """The published file stands whole, its manifest speaks of it, and nothing is left of an attempt."""
    found = published(home)
    assert found is not None
    assert found.sha256 == file_hash(home.warehouse)
    assert publish_module.query(home, small.QUESTION).rows() == [("KOMP-01", value)]
    assert not (home.build / "next").exists()
    assert list(home.copies.glob(".*")) == []


def says_what_to_do(error: DiskFull | UnwritableHome) -> None:
    assert error.runbook in runbook.PAGES
    assert "What was published stands as it was" in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9, 0.99])
def test_full_while_it_publishes(home: Home, disk: Path, catalog: Catalog, share: float) -> None:
    """From its first byte to its last small files."""
    small.build_once(home, catalog, NEW)
    needed = sum(path.stat().st_blocks * 512 for path in [home.warehouse, *home.public.iterdir()])
    ballast = fill(disk, int(needed * share))
    with pytest.raises(DiskFull, match="the disk is full") as raised:
        publish_module.publish(home, catalog, "new", "other")
    says_what_to_do(raised.value)
    serves(home, OLD)
    ballast.unlink()
    small.publish_once(home, catalog, NEW)
    serves(home, NEW)


def test_full_while_a_person_goes_back(home: Home, disk: Path, catalog: Catalog) -> None:
    [day] = copies.available(home)
    ballast = fill(disk)
    with pytest.raises(DiskFull, match="the disk is full"):
        going_back.go_back(home, day, "Kari", "wrong")
    serves(home, OLD)
    assert held(home) is None
    ballast.unlink()
    going_back.go_back(home, day, "Kari", "wrong")
    assert held(home) is not None


def test_full_when_the_build_begins(home: Home, disk: Path) -> None:
    everything = load_catalog(PROJECT_ROOT / "schemas")
    shutil.rmtree(home.build)  # the last build, whose space the new one would take
    ballast = fill(disk)
    with pytest.raises(DiskFull, match="the disk is full") as raised:
        inputs.prepare(home, everything, "other")
    says_what_to_do(raised.value)
    serves(home, OLD)
    ballast.unlink()
    inputs.prepare(home, everything, "other")


def test_full_while_it_fetches_and_the_next_night_is_whole(world: World, disk: Path) -> None:
    home = world.home(disk)
    ballast = fill(disk)
    with pytest.raises(DiskFull, match="the disk is full") as raised:
        small.run_night(home, world.statbank.url, world.catalog)
    says_what_to_do(raised.value)
    serves(Home(home), OLD)
    ballast.unlink()
    small.run_night(home, world.statbank.url, world.catalog)
    assert small.typed_content(home) == world.undisturbed


OTHER_WORDS = [
    "Database Error in model observations\n  IO Error: Could not write file: No space left on device",
    "(sqlite3.OperationalError) database or disk is full",
    "failed to offload data block (limit was set by the 'max_temp_directory_size' setting)",
    "OSError: [Errno 122] Disk quota exceeded",
]


@pytest.mark.parametrize("text", OTHER_WORDS)
def test_a_step_that_another_program_stopped_tells_the_page(tmp_path: Path, text: str) -> None:
    """dbt, SQLite and DuckDB say it in words of their own, which reach us through Dagster."""
    cause = SimpleNamespace(message=text, cls_name="Error", cause=None)
    told = why(SimpleNamespace(message="A step failed", cls_name="DagsterError", cause=cause), tmp_path)
    assert "the disk is full" in told
    assert told.endswith("See docs/runbook/disk-full.md")


def test_another_error_of_a_step_is_told_as_it_is(tmp_path: Path) -> None:
    cause = SimpleNamespace(message="AuditError: public.x: cannot be judged\n", cls_name="AuditError", cause=None)
    error = SimpleNamespace(message="A step failed", cls_name="DagsterError", cause=cause)
    assert why(error, tmp_path) == "public.x: cannot be judged"
    assert why(cause, tmp_path) == "public.x: cannot be judged"


def _read_only(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)


def test_a_write_protected_disk_is_refused_before_anything_is_changed(
    home: Home, disk: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_json(home.root / "source.json", {"source": "demo"})
    before = small.files(home.root)
    _read_only(disk)
    with pytest.raises(UnwritableHome, match="cannot be written by the user") as raised, home.held():
        pytest.fail("nothing runs in it")
    says_what_to_do(raised.value)
    monkeypatch.setenv("K2025_HOME", str(home.root))
    for arguments in (["publish", "--resume"], ["refresh", "--source", "demo"]):
        told = CliRunner().invoke(main, arguments)
        assert told.exit_code == 2
        assert "cannot be written by the user" in told.output
        assert "docs/runbook/unwritable-home.md" in told.output
        assert "Traceback" not in told.output
    monkeypatch.setenv("K2025_HOME", str(disk / "not" / "there"))
    assert "cannot be written" in CliRunner().invoke(main, ["refresh", "--source", "demo"]).output
    assert small.files(home.root) == before
    serves(home, OLD)


AS_ANOTHER = """
import os, pickle, sys
from pathlib import Path
catalog = pickle.loads(Path(sys.argv[2]).read_bytes())
from k2025_pipeline.lake.home import Home
from k2025_pipeline.warehouse import publish
os.setgroups([]); os.setgid(65534); os.setuid(65534)
home = Home(Path(sys.argv[1]))
try:
    if sys.argv[3] == "run":
        with home.held():
            print("it ran")
    else:
        publish.publish(home, catalog, "new", "other")
except Exception as error:
    print(type(error).__name__, error)
print(publish.query(home, "select value from public.indicator_values").item())
"""


@pytest.mark.parametrize("foreign", [".", "build", "published"])
@pytest.mark.parametrize("what", ["run", "publish"])
def test_a_home_of_another_user_is_refused(tmp_path: Path, catalog: Catalog, foreign: str, what: str) -> None:
    """Somebody ran it once as root: the home, or one folder in it, is root's ever after."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    with tempfile.TemporaryDirectory() as open_to_all:
        Path(open_to_all).chmod(0o755)
        home, pickled = Home(Path(open_to_all) / "home"), Path(open_to_all) / "catalog"
        small.publish_once(home, catalog)
        small.build_once(home, catalog, NEW)
        pickled.write_bytes(pickle.dumps(catalog))
        for path in [home.root, *home.root.rglob("*")]:
            os.chown(path, 65534, 65534)
        for path in [home.root / foreign, *(home.root / foreign).rglob("*")]:
            os.chown(path, 0, 0)
        before = small.files(home.root)
        command = [sys.executable, "-c", AS_ANOTHER, str(home.root), str(pickled), what]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        refused, served = done.stdout.strip().splitlines()
        assert refused.startswith("UnwritableHome"), done.stderr
        assert "cannot be written by the user with number 65534" in refused
        assert float(served) == OLD, "readers read on"
        assert small.files(home.root) == before


def test_a_file_in_the_way_of_the_home_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("x", encoding="utf-8")
    for root in (tmp_path / "home", tmp_path / "home" / "below"):
        with pytest.raises(UnwritableHome, match="a file is in the way of a folder"), Home(root).held():
            pytest.fail("nothing runs in it")


def test_errors_about_another_place_stay_what_they_are(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with pytest.raises(PermissionError), told_plainly(home):
        raise PermissionError(13, "Permission denied", "/somewhere/else")
    assert told_in("Permission denied: /somewhere/else", home) is None
    assert told_in("everything is well", home) is None
