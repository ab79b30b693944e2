-- One row per indicator, region and period, for regions whose code was valid that year. A region for which a
-- source gives nothing in a year that it covers is told as missing, not left out.
with offered as (
    select
        indicator_id,
        definition_version,
        period,
        any_value(unit) as unit,
        any_value(series_segment) as series_segment,
        max(edition) as edition,
        max(vintage) as vintage,
        any_value(source) as source,
        bool_or(is_stale) as is_stale
    from {{ ref('indicator_results') }}
    group by indicator_id, definition_version, period
),

missing as (
    select
        offered.indicator_id,
        offered.definition_version,
        regions.region_code,
        offered.period,
        cast(null as double) as numerator,
        cast(null as double) as denominator,
        cast(null as double) as value,
        offered.unit,
        'M' as obs_status,
        offered.edition,
        offered.series_segment,
        cast(null as double) as interval_low,
        cast(null as double) as interval_high,
        offered.vintage,
        offered.source,
        offered.is_stale
    from offered
    inner join {{ source('catalog', 'indicators') }} as definitions
        on offered.indicator_id = definitions.indicator_id
    inner join {{ ref('regions_by_year') }} as regions
        on
            offered.period = regions.year
            and regions.listed_by_klass
            and list_contains(string_split(definitions.levels, ', '), regions.region_level)
    left join {{ ref('indicator_results') }} as results
        on
            offered.indicator_id = results.indicator_id
            and offered.period = results.period
            and regions.region_code = results.region_code
    where results.indicator_id is null
),

told as (
    select * from {{ ref('indicator_results') }}
    union all by name
    select * from missing
)

select
    told.indicator_id,
    told.definition_version,
    told.region_code,
    regions.region_name,
    regions.region_level,
    told.period,
    told.numerator,
    told.denominator,
    told.value,
    told.unit,
    told.obs_status,
    told.edition,
    told.series_segment,
    told.interval_low,
    told.interval_high,
    told.vintage,
    told.source,
    told.is_stale
from told
inner join {{ ref('regions_by_year') }} as regions
    on told.region_code = regions.region_code and told.period = regions.year
order by told.indicator_id, told.region_code, told.period
