-- DQ-04: the largest difference between a total and its parts, and how many differ by more than rounding.
select
    'DQ-04' as quality_id,
    cast(null as varchar) as indicator_id,
    table_id,
    measure,
    region_level,
    period,
    reason,
    count(*) filter (where abs(difference) > tolerance + 1e-6) as numerator,
    count(*) as denominator,
    max(abs(difference)) as exact_value,
    any_value(unit) as unit,
    max(tolerance) as tolerance,
    any_value(source) as source
from {{ ref('held_sums') }}
group by table_id, measure, region_level, period, reason
