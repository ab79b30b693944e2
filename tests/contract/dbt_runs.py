"""Running dbt from a test: the same executable, environment and project as the night uses.

Here belongs the call and reading its results. Not here: what they should be (the tests).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from k2025_pipeline import dbt_project
from k2025_pipeline.lake.home import Home
from k2025_pipeline.settings import PROJECT_ROOT

PROJECT = PROJECT_ROOT / "dbt"


@dataclass(frozen=True)
class EmptyBuild:
    """A whole ``dbt build``, unit tests included, where the lake holds no table."""

    home: Home
    results: dict[str, dict[str, Any]]

    def copy_to(self, home: Home) -> Home:
        """The same build elsewhere, to be changed."""
        shutil.copytree(self.home.build, home.build)
        return home


def run_dbt(home: Home, *arguments: str, project: Path = PROJECT) -> dict[str, dict[str, Any]]:
    """Results of a dbt call by unique id; dbt's own exit status is left to the tests."""
    results = home.build / "dbt" / "run_results.json"
    results.unlink(missing_ok=True)
    finished = subprocess.run(
        [dbt_project.executable(), *arguments, "--project-dir", str(project), "--profiles-dir", str(project)],
        env={**os.environ, **dbt_project.environment(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert results.exists(), finished.stdout[-3000:]
    return {result["unique_id"]: result for result in orjson.loads(results.read_bytes())["results"]}


def manifest(home: Home) -> dict[str, Any]:
    """What dbt understood of the project."""
    return dict(orjson.loads((home.build / "dbt" / "manifest.json").read_bytes()))
