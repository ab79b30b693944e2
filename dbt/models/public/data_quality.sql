-- Quality of the data as data: coverage, cells without figures, revisions, sums that do not add up, and lateness.
-- DQ-03: how many figures were revised since they were first published, and by how much on average.
with figures as (
    select
        indicator_id,
        period,
        count(value) as told,
        any_value(source) as source
    from {{ ref('indicator_values') }}
    where structure = 'as_published'
    group by indicator_id, period
    having count(value) > 0
),

revised as (
    select
        indicator_id,
        period,
        count(*) as cells,
        sum(abs(difference_from_first)) as size,
        count(difference_from_first) as sized
    from {{ ref('indicator_revisions') }}
    group by indicator_id, period
),

revisions as (
    select
        'DQ-03' as quality_id,
        figures.indicator_id,
        cast(null as varchar) as table_id,
        cast(null as varchar) as measure,
        cast(null as varchar) as region_level,
        figures.period,
        'cells_revised' as reason,
        coalesce(revised.cells, 0) as numerator,
        figures.told as denominator,
        100.0 * coalesce(revised.cells, 0) / figures.told as exact_value,
        'prosent' as unit,
        cast(null as double) as tolerance,
        figures.source
    from figures
    left join revised on figures.indicator_id = revised.indicator_id and figures.period = revised.period
    union all
    select
        'DQ-03',
        revised.indicator_id,
        null,
        null,
        null,
        revised.period,
        'mean_absolute_revision',
        revised.size,
        revised.sized,
        revised.size / revised.sized,
        definitions.unit,
        null,
        figures.source
    from revised
    inner join figures on revised.indicator_id = figures.indicator_id and revised.period = figures.period
    inner join {{ source('catalog', 'indicators') }} as definitions on revised.indicator_id = definitions.indicator_id
    where revised.sized > 0
),

-- DQ-05: whole days since the source should have published, or since it did and we have not followed; 0 when current.
lateness as (
    select
        'DQ-05' as quality_id,
        cast(null as varchar) as indicator_id,
        table_id,
        cast(null as varchar) as measure,
        cast(null as varchar) as region_level,
        period,
        reason,
        days as numerator,
        1 as denominator,
        days as exact_value,
        'dager' as unit,
        cast(null as double) as tolerance,
        source
    from {{ source('catalog', 'staleness') }}
),

measured as (
    select * from {{ ref('quality_coverage') }}
    union all
    select * from {{ ref('quality_missing') }}
    union all
    select * from revisions
    union all
    select * from {{ ref('quality_sums') }}
    union all
    select * from {{ ref('quality_reconciled') }}
    union all
    select * from lateness
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
