"""The figures that effects are estimated from.

Here belongs the join of indicators with what municipalities are matched on. Not here: the estimation.
"""

from __future__ import annotations

import polars as pl


def municipal_panel(results: pl.DataFrame, regions: pl.DataFrame, participation: pl.DataFrame) -> pl.DataFrame:
    """Indicators of today's municipalities with their group and size, which are kept fixed over the years.

    Args:
        results: of today's structure: ``indicator_id``, ``region_code``, ``period``, ``value``, ``series_segment``,
            ``source``; municipalities that can only be told together, and larger regions, are left out.
        regions: by year: ``region_code``, ``region_level``, ``year``, ``kostra_group``, ``population``; the latest is
            taken.
        participation: ``region_code``, ``current_unit``: today's municipalities that a participant was merged into took
            part in one of their parts. They are left out: they are no participants, and no controls either.
    """
    touched = participation["current_unit"].str.split("+").explode()
    partly = touched.filter(~touched.is_in(participation["region_code"].to_list()))
    today = (
        regions.filter(pl.col("region_level") == "municipality")
        .sort("year")
        .group_by("region_code")
        .agg(pl.col("kostra_group").last(), pl.col("population").drop_nulls().last())
    )
    columns = ["indicator_id", "region_code", "period", "value", "series_segment", "source"]
    known = results.filter(~pl.col("region_code").is_in(partly.to_list()))
    return known.select(columns).join(today, on="region_code")
