"""Which municipalities cover the same area on 1 January of a year and of the year before."""

from k2025_pipeline.klass import regions


def model(dbt, session):
    """See ``regions.region_steps``."""
    dbt.config(materialized="table")
    listed = dbt.source("typed", "klass_131_changes").pl()
    declared = dbt.source("catalog", "border_changes").pl()
    periods = dbt.ref("periods").pl()
    return regions.region_steps(
        dbt.source("typed", "klass_131_codes").pl(),
        regions.with_declared(listed, declared),
        periods["year"],
    )
