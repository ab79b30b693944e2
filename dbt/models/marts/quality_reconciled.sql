-- DQ-04: our figures beside those printed in documents. A difference that is explained there is no error, a bound that
-- is kept leaves none, and a figure that is itself the printed one proves nothing. The column measure tells which part
-- of the indicator is held: its value, or what it is made of.
select
    'DQ-04' as quality_id,
    held.indicator_id,
    cast(null as varchar) as table_id,
    held.indicator_part as measure,
    {{ region_level('held.region_code') }} as region_level,
    held.period,
    'reconciliation' as reason,
    count(*) filter (where held.verdict = 'differs') as numerator,
    count(*) as denominator,
    max(case when held.kind = 'bound' and held.verdict <> 'differs' then 0 else abs(held.difference) end)
        as exact_value,
    any_value(held.unit) as unit,
    max(greatest(held.rounding, coalesce(held.tolerance, 0))) as tolerance,
    any_value(held.source) as source
from {{ ref('reconciliations') }} as held
where held.verdict in ('same', 'within_rounding', 'within_tolerance', 'differs') and held.source <> 'document'
group by held.indicator_id, held.indicator_part, {{ region_level('held.region_code') }}, held.period
