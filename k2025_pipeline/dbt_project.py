"""How dbt is run: its folders, its environment, its manifest.

Here belongs what every dbt call needs. Not here: which models run when (``orchestration``).
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from k2025_pipeline.lake.home import DamagedHome, Home, read_json, write_json


class DbtFailed(Exception):
    """dbt could not read the project."""

    runbook = "build-failed"


def executable() -> str:
    """The ``dbt`` beside the running Python."""
    return str(Path(sys.executable).with_name("dbt"))


def environment(home: Home) -> dict[str, str]:
    """Environment variables that the dbt project reads."""
    target = home.build / "dbt"
    return {
        "K2025_BUILD_FILE": str(home.build_file),
        "DBT_TARGET_PATH": str(target),
        "DBT_LOG_PATH": str(home.build / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


@contextmanager
def exported(variables: dict[str, str]) -> Iterator[None]:
    """Variables in this process's environment while dbt is started from it."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def ensure_manifest(project: Path, home: Home) -> Path:
    """Path of dbt's manifest, parsed anew only when a file of the project has changed.

    Raises:
        DbtFailed: when dbt cannot parse the project; the message holds dbt's own words.
    """
    manifest = home.build / "dbt" / "manifest.json"
    stamp = home.build / "dbt" / "parsed.json"
    state = {"files": _project_hash(project)}
    if _is_whole(manifest) and read_json(stamp) == state:
        return manifest
    home.build.mkdir(parents=True, exist_ok=True)
    finished = subprocess.run(
        [
            executable(),
            "--no-use-colors",
            "parse",
            "--project-dir",
            str(project),
            "--profiles-dir",
            str(project),
        ],
        env={**os.environ, **environment(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        raise DbtFailed(f"dbt cannot read {project}. Correct what it names:\n{finished.stdout[-2000:]}")
    write_json(stamp, state)
    return manifest


def _is_whole(manifest: Path) -> bool:
    """Whether it is there and can be read: dbt writes it at the end of every call, also where the disk is full."""
    try:
        return read_json(manifest) is not None
    except DamagedHome:
        return False


def _project_hash(project: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(p for p in project.rglob("*") if p.suffix in {".yml", ".sql", ".csv", ".py"}):
        if not {"target", "logs"} & set(path.relative_to(project).parts):
            digest.update(str(path.relative_to(project)).encode() + path.read_bytes())
    return digest.hexdigest()
