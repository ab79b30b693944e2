"""Which set of today's municipalities each code belongs to, year by year."""

from k2025_pipeline.klass import regions


def model(dbt, session):
    """See ``regions.region_links``."""
    dbt.config(materialized="table")
    listed = dbt.source("typed", "klass_131_changes").pl()
    declared = dbt.source("catalog", "border_changes").pl()
    periods = dbt.ref("periods").pl()
    return regions.region_links(
        dbt.source("typed", "klass_131_codes").pl(),
        regions.with_declared(listed, declared),
        periods["year"],
    )
