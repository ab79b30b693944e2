-- Quality of the data as data: coverage, cells without figures, revisions, and sums that do not add up.
with measured as (
    select * from {{ ref('quality_coverage') }}
    union all
    select * from {{ ref('quality_missing') }}
    union all
    select * from {{ ref('quality_revisions') }}
    union all
    select * from {{ ref('quality_sums') }}
)

select
    measured.quality_id,
    definitions.definition_version,
    measured.indicator_id,
    measured.table_id,
    measured.measure,
    measured.region_level,
    measured.period,
    measured.reason,
    cast(measured.numerator as double) as numerator,
    cast(measured.denominator as double) as denominator,
    {{ round_half_away('measured.exact_value', 'coalesce(definitions.decimals, 1)') }} as value,
    measured.unit,
    {{ round_up('measured.tolerance', 'coalesce(definitions.decimals, 1)') }} as tolerance,
    measured.source
from measured
left join {{ source('catalog', 'indicators') }} as definitions on measured.quality_id = definitions.indicator_id
order by
    measured.quality_id, measured.indicator_id, measured.table_id, measured.measure, measured.region_level,
    measured.period, measured.reason
