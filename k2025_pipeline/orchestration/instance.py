"""Dagster's own folder: SQLite storage, limits, no telemetry."""

from __future__ import annotations

import os

from k2025_pipeline.lake.home import Home, write_bytes

CONFIG = b"""# Written by K2025. Dagster's records of runs and checks lie in this folder.
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  pools:
    granularity: op
    default_limit: 1
  runs:
    max_concurrent_runs: 1
"""


def prepare_instance(home: Home) -> None:
    """Make the folder and point Dagster to it (``DAGSTER_HOME``)."""
    config = home.dagster / "dagster.yaml"
    if not config.exists():
        write_bytes(config, CONFIG)
    os.environ["DAGSTER_HOME"] = str(home.dagster)
