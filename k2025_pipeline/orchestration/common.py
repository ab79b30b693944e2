"""What every asset factory uses: the resource's name, freshness, metadata."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import dagster as dg
import orjson

from k2025_pipeline.harmless import for_markdown
from k2025_pipeline.night import Night

NIGHT = "night"
OWNERS = ["team:data-team"]
FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=36))


def night_of(context: Any) -> Night:
    """The run's shared state."""
    night: Night = context.resources.night
    return night


def rows_as_table(rows: list[dict[str, Any]]) -> dg.MetadataValue:
    """Rows as a Markdown table, which the UI shows readably and copies well."""
    if not rows:
        return dg.MetadataValue.md("–")
    columns = list(rows[0])
    head = f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n"
    body = "\n".join("| " + " | ".join(_cell(row.get(column)) for column in columns) + " |" for row in rows)
    return dg.MetadataValue.md(head + body)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return for_markdown(text)
