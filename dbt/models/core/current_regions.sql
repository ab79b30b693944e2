-- Today's regions, for series in today's structure: as the latest year has them, and the sets of municipalities
-- that only together have a past.
with listed as (
    select *
    from {{ ref('regions_by_year') }}
    where region_level <> 'other' and listed_by_klass
),

latest_year as (
    select max(year) as year
    from listed
),

latest as (
    select listed.*
    from listed
    inner join latest_year on listed.year = latest_year.year
    where listed.valid_to is null
),

united as (
    select distinct current_unit
    from {{ ref('region_links') }}
    where contains(current_unit, '+')
),

united_codes as (
    select
        current_unit,
        unnest(string_split(current_unit, '+')) as region_code
    from united
),

combined as (
    select
        united_codes.current_unit as region_code,
        string_agg(latest.region_code || ' ' || latest.region_name, ', ' order by latest.region_code) as region_name,
        case when count(distinct latest.county_code) = 1 then any_value(latest.county_code) end as county_code,
        case when count(distinct latest.county_code) = 1 then any_value(latest.county_name) end as county_name
    from united_codes
    inner join latest on united_codes.region_code = latest.region_code
    group by united_codes.current_unit
)

select
    region_code,
    region_name,
    region_level,
    county_code,
    county_name,
    kostra_group,
    centrality_class,
    size_class
from latest
union all by name
select
    region_code,
    region_name,
    'combined_municipalities' as region_level,
    county_code,
    county_name
from combined
