-- Codes whose area is another than the year before, though the code is the same: the figures cannot be compared.
-- The area of a county or a KOSTRA group changes when a municipality, or part of one, came to it or left it.
with steps as (
    select
        *,
        count(*) over (partition by year, step) as codes
    from {{ ref('region_steps') }}
),

municipalities as (
    select
        before.year,
        before.region_code
    from steps as before
    inner join steps as after on before.year = after.year and before.region_code = after.region_code
    where before.side = 'before' and after.side = 'after' and (before.step <> after.step or before.codes > 2)
),

placed as (
    select
        steps.year,
        steps.step,
        steps.side,
        unnest(['EKA' || left(steps.region_code, 2), regions.kostra_group]) as area_code
    from steps
    left join {{ ref('regions_by_year') }} as regions
        on
            steps.region_code = regions.region_code
            and cast(regions.year as integer)
            = cast(steps.year as integer) - case steps.side when 'before' then 1 else 0 end
),

crossed as (
    select
        year,
        unnest(list_distinct(list(area_code))) as region_code
    from placed
    group by year, step, left(area_code, 3)
    having count(distinct area_code) > 1
),

lasting as (
    select
        crossed.year,
        crossed.region_code
    from crossed
    inner join placed on crossed.year = placed.year and crossed.region_code = placed.area_code
    group by crossed.year, crossed.region_code
    having count(distinct placed.side) = 2
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
