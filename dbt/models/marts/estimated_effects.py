"""The effect of each programme on each outcome, or in words why none can be told."""

from k2025_pipeline.effects import panel, results
from k2025_pipeline.effects.rules import Rules


def model(dbt, session):
    """See ``results.programme_effects``; heavy libraries are read only where somebody takes part."""
    dbt.config(materialized="table")
    participation = dbt.ref("programme_participation").filter("kind = 'participation'").pl()
    figures = dbt.ref("indicator_results").filter("structure = 'current' and value is not null").pl()
    return results.programme_effects(
        participation,
        panel.municipal_panel(figures, dbt.ref("regions_by_year").pl(), participation),
        results.outcomes(dbt.source("catalog", "indicators").pl()),
        Rules.from_frame(dbt.source("catalog", "effect_rules").pl()),
    )
