"""Dagster's own folder: SQLite storage, limits, no telemetry."""

from __future__ import annotations

import os

import dagster as dg

from k2025_pipeline.lake.home import Home, write_bytes

CONFIG = b"""# Written by K2025. Dagster's records of runs and checks lie in this folder.
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 1
"""


def close_dead_runs(instance: dg.DagsterInstance) -> None:
    """Say of runs that were killed that they failed. Call it while the home is held: then no run is alive."""
    alive = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING])
    for run in instance.get_runs(alive):
        instance.report_run_failed(run, "The process of this run ended without a word; it was killed.")


def prepare_instance(home: Home) -> None:
    """Make the folder and point Dagster to it (``DAGSTER_HOME``)."""
    config = home.dagster / "dagster.yaml"
    if not config.exists():
        write_bytes(config, CONFIG)
    os.environ["DAGSTER_HOME"] = str(home.dagster)
