-- One row per indicator, region and period in each structure: as_published for regions whose code was valid that
-- year, current for today's regions in every year. A region for which a source gives nothing in a year that it
-- covers is told as missing, not left out; one of today's regions that cannot be made for a year as not existing.
with results as (
    select * from {{ ref('indicator_results') }}
    union all by name
    select * from {{ ref('modelled_results') }}
),

offered as (
    select
        indicator_id,
        definition_version,
        period,
        any_value(unit) as unit,
        max(edition) as edition,
        max(vintage) as vintage,
        any_value(source) as source,
        bool_or(is_stale) as is_stale
    from results
    group by indicator_id, definition_version, period
),

can_be_made as (
    select distinct
        year,
        area_code as region_code
    from {{ ref('area_members') }}
    where structure = 'current'
),

wanted as (
    select
        offered.*,
        regions.structure,
        regions.region_code,
        case
            when regions.structure = 'as_published' then 'M'
            when definitions.method in ('published', 'model') and same.region_code is null then 'L'
            when can_be_made.region_code is null then 'L'
            else 'M'
        end as obs_status
    from offered
    inner join {{ source('catalog', 'indicators') }} as definitions
        on offered.indicator_id = definitions.indicator_id
    inner join {{ ref('region_years') }} as regions
        on
            left(offered.period, 4) = regions.year
            and regions.listed_by_klass
            and regions.region_level <> 'country_without_oslo'
            and {{ is_of_levels('definitions.levels', 'regions.region_level') }}
    left join can_be_made on regions.year = can_be_made.year and regions.region_code = can_be_made.region_code
    left join {{ ref('same_areas') }} as same on regions.year = same.year and regions.region_code = same.region_code
),

missing as (
    select
        wanted.indicator_id,
        wanted.definition_version,
        wanted.structure,
        wanted.region_code,
        wanted.period,
        cast(null as double) as numerator,
        cast(null as double) as denominator,
        cast(null as double) as value,
        wanted.unit,
        wanted.obs_status,
        wanted.edition,
        segments.series_segment,
        cast(null as double) as interval_low,
        cast(null as double) as interval_high,
        cast(null as varchar) as interval_method,
        false as small_number,
        wanted.vintage,
        wanted.source,
        wanted.is_stale
    from wanted
    inner join {{ ref('series_segments') }} as segments
        on
            wanted.indicator_id = segments.indicator_id
            and wanted.structure = segments.structure
            and wanted.region_code = segments.region_code
            and left(wanted.period, 4) = segments.year
    left join results
        on
            wanted.indicator_id = results.indicator_id
            and wanted.structure = results.structure
            and wanted.region_code = results.region_code
            and wanted.period = results.period
    where results.indicator_id is null
),

told as (
    select * from results
    union all by name
    select * from missing
)

select
    told.indicator_id,
    told.definition_version,
    told.indicator_id || ':' || cast(told.definition_version as varchar) as definition_id,
    told.structure,
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
    told.interval_method,
    told.small_number,
    told.vintage,
    told.source,
    told.is_stale
from told
inner join {{ ref('region_years') }} as regions
    on
        told.structure = regions.structure
        and told.region_code = regions.region_code
        and left(told.period, 4) = regions.year
order by told.structure, told.indicator_id, told.region_code, told.period
