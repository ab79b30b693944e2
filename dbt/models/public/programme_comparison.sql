-- Participants beside municipalities like them, from the year before the start to one, two and three years after it.
-- Descriptive, not an effect.
select
    programme,
    indicator_id,
    start_year,
    years_after,
    participants,
    without_figures,
    unmatched,
    matched,
    controls,
    mean_before,
    mean_after,
    change,
    control_mean_before,
    control_mean_after,
    control_change,
    difference,
    difference_low,
    difference_high,
    unit,
    reading_nb,
    reading_en,
    method,
    source
from {{ ref('matched_comparisons') }}
order by programme, indicator_id, start_year, years_after
