-- Codes whose area is another than the year before, though the code is the same: the figures cannot be compared.
-- A county's area changes when a municipality, or part of one, came from another county or went to one.
with stepped as (
    select
        steps.year,
        steps.step,
        steps.side,
        steps.region_code,
        'EKA' || left(steps.region_code, 2) as county_code
    from {{ ref('region_steps') }} as steps
),

municipalities as (
    select
        year,
        unnest(list_intersect(
            list(region_code) filter (where side = 'before'),
            list(region_code) filter (where side = 'after')
        )) as region_code
    from stepped
    group by year, step
    having count(distinct region_code) > 1
),

crossed as (
    select
        year,
        unnest(list_distinct(list(county_code))) as region_code
    from stepped
    group by year, step
    having count(distinct county_code) > 1
),

lasting as (
    select
        crossed.year,
        crossed.region_code
    from crossed
    inner join stepped on crossed.year = stepped.year and crossed.region_code = stepped.county_code
    group by crossed.year, crossed.region_code
    having count(distinct stepped.side) = 2
)

select
    region_code,
    year
from municipalities
union
select
    region_code,
    year
from lasting
