"""Nights made up for tests: checks, outcomes and records of which a test changes what it is about."""

from dataclasses import replace

import polars as pl

from k2025_pipeline.catalog.base import Text
from k2025_pipeline.quality.nights import QUALITY, NightRecord
from k2025_pipeline.quality.outcome import Check, Finding, Outcome

CHECK = Check(
    asset="core/observations",
    name="value_and_status_agree",
    level="relations",
    engine="dbt",
    rule=Text(nb="Et tall som mangler, sier hvorfor.", en="A missing figure says why."),
    severity="error",
    blocking=True,
    declared_in="dbt/models/core/_core.yml",
    runbook="relations",
)
WARNING = replace(CHECK, name="region_valid_in_year", severity="warn", blocking=False)
NO_QUALITY = pl.DataFrame(schema=QUALITY)
FILE_OF = "2026-03-28T03:18:40+00:00"
"""When the file of the first night was published."""
FIRST = NightRecord(
    started_at="2026-03-28T03:15:02+00:00",
    finished_at="2026-03-28T03:19:02+00:00",
    source="demo",
    kind="demo",
    ending="published",
    run_id="first",
    seconds=240.0,
    requests={"data": 3},
    published_at=FILE_OF,
)
SECOND = replace(FIRST, started_at="2026-03-29T02:15:02+00:00", ending="blocked", run_id="second")


def outcome(check: Check = CHECK, failed: int = 0, **more: object) -> Outcome:
    sample = [{"region_code": "0301", "value": None}] if failed else []
    return Outcome(check, Finding(failed == 0, failed, 100, sample, "said", "do"), **more)
