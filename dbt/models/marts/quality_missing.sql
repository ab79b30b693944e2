-- DQ-02: cells without a figure among those that could have one, by reason, for each table and period.
with cells as (
    select
        table_id,
        measure,
        period,
        count(*) filter (where obs_status <> 'L') as possible,
        count(*) filter (where obs_status = 'C') as confidential,
        count(*) filter (where obs_status = 'M') as missing,
        count(*) filter (where obs_status = 'N') as not_yet,
        any_value(source) as source
    from {{ ref('observations_published') }}
    group by table_id, measure, period
),

by_reason as (
    unpivot cells
    on confidential, missing, not_yet
    into name reason value without_figure
)

select
    'DQ-02' as quality_id,
    cast(null as varchar) as indicator_id,
    table_id,
    measure,
    cast(null as varchar) as region_level,
    period,
    reason,
    without_figure as numerator,
    possible as denominator,
    100.0 * without_figure / possible as exact_value,
    'prosent' as unit,
    cast(null as double) as tolerance,
    source
from by_reason
where possible > 0
