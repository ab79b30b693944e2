"""The quality of the data of one night, summed up for the record: what ``public.data_quality_nights`` holds of it.

Here belongs the record of a night on which nothing was built. Not here: how quality is measured and summed up, which is
SQL (``dbt/models/public/data_quality.sql``, ``data_quality_nights.sql``).
"""

from __future__ import annotations

from datetime import datetime

import duckdb
import polars as pl

from k2025_pipeline.catalog import Catalog
from k2025_pipeline.lake.home import Home
from k2025_pipeline.quality.freshness import staleness
from k2025_pipeline.quality.nights import OSLO, QUALITY, night_id

NIGHTS_TABLE = "data_quality_nights"
STALE = "DQ-05"


def quality_of_night(home: Home, catalog: Catalog, started: datetime, source: str) -> pl.DataFrame:
    """How good the published data are on a night, whether or not the night published.

    The figures are those of the build that stands. How late tables are is judged anew: that grows night by night, also
    when nothing is built.

    Args:
        home: where the published file lies. catalog: the declarations. started: when the night began, with a zone.
        source: ``ssb``, ``recording``, ``demo`` or ``other``.

    Returns:
        Columns of :data:`quality.nights.QUALITY`; no figures where nothing is published yet.
    """
    late = staleness(home, catalog, started)
    days = pl.col("days").cast(pl.Float64)
    rows = late.select(
        pl.lit(STALE).alias("quality_id"),
        "table_id",
        "reason",
        days.alias("numerator"),
        pl.lit(1.0).alias("denominator"),
        days.alias("value"),
        pl.lit("dager").alias("unit"),
        pl.lit(source).alias("source"),
    )
    standing = _of_the_standing_build(home).filter(pl.col("quality_id") != STALE)
    night = {"night_id": pl.lit(night_id(started)), "night": pl.lit(started.astimezone(OSLO).date())}
    together = pl.concat([standing, rows], how="diagonal").with_columns(**night)
    return together.select(pl.col(name).cast(dtype) for name, dtype in QUALITY.items())


def _of_the_standing_build(home: Home) -> pl.DataFrame:
    """Rows of the newest night that the published file tells of: the one that built it."""
    empty = pl.DataFrame(schema=QUALITY)
    if not home.warehouse.exists():
        return empty
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        found = connection.execute(
            "select count(*) from duckdb_tables() where schema_name = 'public' and table_name = ?", [NIGHTS_TABLE]
        ).fetchall()
        if found == [(0,)]:  # a file of an earlier version
            return empty
        table = f"public.{NIGHTS_TABLE}"
        return connection.sql(f"from {table} where night_id = (select max(night_id) from {table})").pl()
