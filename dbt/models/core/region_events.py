"""What happened to each municipality and county code, and which of today's regions have its area."""

from k2025_pipeline.klass import regions


def model(dbt, session):
    """See ``regions.region_events``."""
    dbt.config(materialized="table")
    listed = dbt.source("typed", "klass_131_changes").pl()
    declared = dbt.source("catalog", "border_changes").pl()
    return regions.region_events(
        dbt.source("typed", "klass_131_codes").pl(),
        regions.with_declared(listed, declared),
        dbt.source("typed", "klass_104_codes").pl(),
        dbt.source("typed", "klass_104_changes").pl(),
    )
