-- The municipalities that each region consists of, year by year, in codes valid that year: once as the region was
-- that year (as_published), once as today's region was then (current). One of today's regions has members only in
-- years in which Klass says exactly which municipalities covered it: no member reaches outside it, and none of it
-- is without a past.
with municipalities as (
    select
        year,
        region_code,
        county_code,
        kostra_group
    from {{ ref('regions_by_year') }}
    where region_level = 'municipality' and listed_by_klass
),

as_published as (
    select
        year,
        unnest([
            region_code,
            county_code,
            kostra_group,
            'EAK',
            case when county_code <> 'EKA03' then 'EAKUO' end
        ]) as area_code,
        region_code
    from municipalities
),

today as (
    select
        region_code as today_code,
        unnest([
            region_code,
            county_code,
            kostra_group,
            'EAK',
            case when county_code <> 'EKA03' then 'EAKUO' end
        ]) as area_code
    from {{ ref('current_regions') }}
    where region_level = 'municipality'
    union all
    select
        unnest(string_split(region_code, '+')),
        region_code
    from {{ ref('current_regions') }}
    where region_level = 'combined_municipalities'
),

unit_codes as (
    select distinct
        year,
        current_unit,
        unnest(string_split(current_unit, '+')) as today_code
    from {{ ref('region_links') }}
    where current_unit is not null
),

unit_sizes as (
    select
        year,
        current_unit,
        count(*) as codes
    from unit_codes
    group by year, current_unit
),

covered as (
    select
        units.year,
        today.area_code,
        units.current_unit,
        count(*) as codes_inside,
        count(*) = any_value(sizes.codes) as is_inside
    from unit_codes as units
    inner join today on units.today_code = today.today_code
    inner join unit_sizes as sizes on units.year = sizes.year and units.current_unit = sizes.current_unit
    where today.area_code is not null
    group by units.year, today.area_code, units.current_unit
),

area_sizes as (
    select
        area_code,
        count(*) as codes
    from today
    group by area_code
),

whole as (
    select
        covered.year,
        covered.area_code
    from covered
    inner join area_sizes on covered.area_code = area_sizes.area_code
    group by covered.year, covered.area_code
    having bool_and(covered.is_inside) and sum(covered.codes_inside) = any_value(area_sizes.codes)
)

select
    'as_published' as structure,
    as_published.year,
    as_published.area_code,
    as_published.region_code
from as_published
inner join {{ ref('regions_by_year') }} as areas
    on as_published.area_code = areas.region_code and as_published.year = areas.year and areas.listed_by_klass
union all
select
    'current' as structure,
    covered.year,
    covered.area_code,
    links.region_code
from covered
inner join whole on covered.year = whole.year and covered.area_code = whole.area_code
inner join {{ ref('region_links') }} as links
    on covered.year = links.year and covered.current_unit = links.current_unit
