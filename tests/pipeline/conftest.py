"""Whole refreshes, made once and looked at by many tests."""

import shutil
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from rich.console import Console

from k2025_pipeline.cli import run_job
from k2025_pipeline.console import ConsoleReporter
from k2025_pipeline.lake.home import Home, read_json
from k2025_pipeline.night import LAST_RUN
from k2025_pipeline.settings import PROJECT_ROOT, Settings
from k2025_pipeline.warehouse import publish


@dataclass
class Refreshed:
    """One refresh and what it left behind."""

    home: Home
    success: bool
    checks: list[Any]
    reporter: ConsoleReporter
    record: dict[str, Any] = field(default_factory=dict)

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
    return Refreshed(Home(home), success, checks, reporter, read_json(home / LAST_RUN))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Refreshed:
    return refresh(tmp_path_factory.mktemp("demo"), "demo")


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory, recordings: Path) -> Refreshed:
    return refresh(tmp_path_factory.mktemp("recorded"), str(recordings))


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
