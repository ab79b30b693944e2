"""Participants beside municipalities like them, before and after: descriptive, not an effect."""

from k2025_pipeline.effects import comparison, panel, results
from k2025_pipeline.effects.rules import Rules


def model(dbt, session):
    """See ``comparison.programme_comparison``; heavy libraries are read only where somebody takes part."""
    dbt.config(materialized="table")
    participation = dbt.ref("programme_participation").filter("kind = 'participation'").pl()
    figures = dbt.ref("indicator_results").filter("structure = 'current' and value is not null").pl()
    return comparison.programme_comparison(
        participation,
        panel.municipal_panel(figures, dbt.ref("regions_by_year").pl(), participation),
        results.outcomes(dbt.source("catalog", "indicators").pl()),
        Rules.from_frame(dbt.source("catalog", "effect_rules").pl()),
    )
