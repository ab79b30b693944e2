-- DQ-01: municipalities with a figure among those that existed and can have one,
-- for each indicator told by municipality, year by year.
with existing as (
    select
        year,
        count(*) as municipalities
    from {{ ref('regions_by_year') }}
    where region_level = 'municipality' and listed_by_klass
    group by year
)

select
    'DQ-01' as quality_id,
    results.indicator_id,
    cast(null as varchar) as table_id,
    cast(null as varchar) as measure,
    'municipality' as region_level,
    results.period,
    cast(null as varchar) as reason,
    count(results.value) as numerator,
    any_value(existing.municipalities) - count(*) filter (where results.obs_status = 'L') as denominator,
    100.0 * count(results.value)
    / (any_value(existing.municipalities) - count(*) filter (where results.obs_status = 'L')) as exact_value,
    'prosent' as unit,
    cast(null as double) as tolerance,
    any_value(results.source) as source
from {{ ref('indicator_results') }} as results
inner join {{ source('catalog', 'indicators') }} as definitions
    on results.indicator_id = definitions.indicator_id
inner join {{ ref('regions_by_year') }} as regions
    on
        results.region_code = regions.region_code
        and left(results.period, 4) = regions.year
        and regions.region_level = 'municipality'
        and regions.listed_by_klass
inner join existing on left(results.period, 4) = existing.year
where results.structure = 'as_published' and {{ is_of_levels('definitions.levels', "'municipality'") }}
group by results.indicator_id, results.period
having count(*) filter (where results.obs_status = 'L') < any_value(existing.municipalities)
