-- Population by age band on 1 January, codes valid that day; nothing where a sex or an age of the band is absent.
-- Where the source gives only the series summed to today's municipalities, it serves for codes of the same area.
with usable as (
    select *
    from {{ ref('stg_ssb_07459') }}
    where structure = 'as_published'
    union all
    select today.* replace (links.region_code as region_code)
    from {{ ref('stg_ssb_07459') }} as today
    inner join {{ ref('region_links') }} as links
        on today.region_code = links.current_unit and today.period = links.year and links.same_area
    where
        today.structure = 'current'
        and not exists (
            select 1
            from {{ ref('stg_ssb_07459') }} as published
            where published.structure = 'as_published'
        )
),

single_years as (
    select
        region_code,
        period,
        try_cast(left(age, 3) as integer) as age_number,
        sum(value) as persons,
        count(value) as numbers,
        {{ combined_status('obs_status', 'count(value) = count(*)') }} as obs_status,
        any_value(unit) as unit,
        any_value(vintage) as vintage,
        any_value(source) as source,
        bool_or(is_stale) as is_stale
    from usable
    group by region_code, period, age_number
)

select
    years.region_code,
    years.period,
    bands.band,
    case when sum(years.numbers) = any_value(bands.cells) then sum(years.persons) end as persons,
    {{ combined_status('years.obs_status', 'sum(years.numbers) = any_value(bands.cells)') }} as obs_status,
    any_value(years.unit) as unit,
    any_value(years.vintage) as vintage,
    any_value(years.source) as source,
    bool_or(years.is_stale) as is_stale
from single_years as years
inner join {{ source('catalog', 'age_bands') }} as bands
    on years.age_number between bands.first_age and bands.last_age
where bands.table_id = '07459'
group by years.region_code, years.period, bands.band
