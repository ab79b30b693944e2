"""Whole refreshes, made once and looked at by many tests."""

import shutil
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
from rich.console import Console

from k2025_pipeline.cli import run_job
from k2025_pipeline.console import ConsoleReporter
from k2025_pipeline.demo.generator import ensure_demo
from k2025_pipeline.lake.home import Home, write_json
from k2025_pipeline.quality import nights
from k2025_pipeline.quality.nights import NightRecord
from k2025_pipeline.settings import PROJECT_ROOT, Settings
from k2025_pipeline.warehouse import publish

TURNOVER = """# merknad: Fra KS
kommunenr;kommune;år;personellgruppe;ut av sektoren prosent;totalt prosent;antall ansatte
0301;Oslo;2023;Alle;9,4;21,9;1 000
1507;Ålesund;2023;Ledere;..;:;1 000
"""
WRONG_TURNOVER = TURNOVER.replace("1507;Ålesund;2023", "1508;Ålesund;2023").replace("21,9", "219")


@dataclass
class Refreshed:
    """One refresh and what it left behind."""

    home: Home
    success: bool
    checks: list[Any]
    reporter: ConsoleReporter
    record: NightRecord | None = None

    def query(self, sql: str) -> pl.DataFrame:
        return publish.query(self.home, sql)

    def check(self, layer: str, table: str, name: str) -> Any:
        return next(c for c in self.checks if c.asset_key.path == [layer, table] and c.check_name == name)

    @property
    def failed(self) -> set[str]:
        return {"/".join([*c.asset_key.path, c.check_name]) for c in self.checks if not c.passed}


def refresh(home: Path, source: str, project: Path = PROJECT_ROOT, **options: Any) -> Refreshed:
    """Run the nightly job in this process, as `k2025 refresh` does."""
    settings = Settings(home=home, source=source, project_root=project)
    reporter = ConsoleReporter(Console(file=StringIO()))
    with redirect_stdout(StringIO()):
        success, checks = run_job(settings, reporter, **options)
    return Refreshed(Home(home), success, checks, reporter, nights.latest(Home(home)))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Refreshed:
    return refresh(tmp_path_factory.mktemp("demo"), "demo")


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory, recordings: Path) -> Refreshed:
    return refresh(tmp_path_factory.mktemp("recorded"), str(recordings))


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory, demo: Refreshed) -> Path:
    """A small folder: two tables, 12209 in the edition of March, and the classifications."""
    folder = tmp_path_factory.mktemp("tables")
    generated = {name: ensure_demo(demo.home.demo, name) for name in ("unrevised", "revised")}
    shutil.copytree(generated["revised"] / "klass", folder / "klass")
    (folder / "statbank").mkdir()
    for table, edition in (("12209", "unrevised"), ("12292", "revised")):
        shutil.copy(generated[edition] / "statbank" / f"{table}.json", folder / "statbank")
    shutil.copy(generated["revised"] / "source.json", folder)
    return folder


@pytest.fixture(scope="session")
def first_night(tmp_path_factory: pytest.TempPathFactory, tables: Path) -> Refreshed:
    """A home refreshed once from the small folder, with a person's file of turnover beside; for tests to copy."""
    home = tmp_path_factory.mktemp("first_night") / "home"
    lay(home, TURNOVER)
    return refresh(home, str(tables))


@pytest.fixture
def small(tmp_path: Path, tables: Path, first_night: Refreshed) -> tuple[Path, Path]:
    """A home of a test's own, refreshed once, and the folder of tables that it is bound to."""
    return copied(tmp_path, tables, first_night)


@pytest.fixture(scope="session")
def troubled_night(
    tmp_path_factory: pytest.TempPathFactory, tables: Path, demo: Refreshed, first_night: Refreshed
) -> Refreshed:
    """The night after: the June edition of 12209, 12292 a hundred times too large, and turnover's file wrong."""
    home, folder = copied(tmp_path_factory.mktemp("troubled_night"), tables, first_night)
    shutil.copy(ensure_demo(demo.home.demo, "revised") / "statbank" / "12209.json", folder / "statbank")
    edit(folder, "12292", lambda document: [None if value is None else value * 100 for value in document["value"]])
    lay(home, WRONG_TURNOVER)
    lay(home, WRONG_TURNOVER, "turnover-2024.csv")
    return refresh(home, str(folder))


def copied(root: Path, tables: Path, night: Refreshed) -> tuple[Path, Path]:
    """A night's home and the folder that it was refreshed from, copied under ``root``."""
    home, folder = root / "home", root / "tables"
    shutil.copytree(tables, folder)
    shutil.copytree(night.home.root, home)
    write_json(home / "source.json", {"source": f"folder:{folder}"})
    return home, folder


def edit(folder: Path, table: str, values: Callable[[dict], list[float | None]]) -> None:
    """Issue a table anew on 1 July, with other values."""
    path = folder / "statbank" / f"{table}.json"
    document = orjson.loads(path.read_bytes())
    document |= {"updated": "2026-07-01T06:00:00Z", "value": values(document)}
    path.write_bytes(orjson.dumps(document))


def lay(home: Path, text: str, name: str = "turnover.csv") -> None:
    """Put a person's file where uploads are read."""
    (home / "inputs").mkdir(parents=True, exist_ok=True)
    (home / "inputs" / name).write_text(text, encoding="utf-8")


@pytest.fixture
def project_copy(tmp_path: Path) -> Callable[[], Path]:
    """A copy of the declarations and models that a test may break."""

    def copy() -> Path:
        root = tmp_path / "project"
        shutil.copytree(PROJECT_ROOT / "schemas", root / "schemas")
        ignored = shutil.ignore_patterns("target", "logs")
        shutil.copytree(PROJECT_ROOT / "dbt", root / "dbt", ignore=ignored)
        return root

    return copy
