-- Population as observations: on 1 January (persons), and at the end of the year before (persons_year_end), which
-- is told in that year's codes: the population of the next day in the codes that then covered the same area. A
-- region has no year end where its area went on together with another's.
with areas as (
    select
        steps.year,
        members.area_code,
        steps.step,
        count(*) as codes_inside
    from {{ ref('region_steps') }} as steps
    inner join {{ ref('area_members') }} as members
        on
            steps.region_code = members.region_code
            and cast(steps.year as integer) - 1 = cast(members.year as integer)
    where steps.side = 'before' and members.structure = 'as_published'
    group by steps.year, members.area_code, steps.step
),

step_sizes as (
    select
        year,
        step,
        count(*) filter (where side = 'before') as codes_before,
        count(*) filter (where side = 'after') as codes_after
    from {{ ref('region_steps') }}
    group by year, step
),

lasting as (
    select
        areas.year,
        areas.area_code,
        sum(sizes.codes_after) as codes_after
    from areas
    inner join step_sizes as sizes on areas.year = sizes.year and areas.step = sizes.step
    group by areas.year, areas.area_code
    having bool_and(areas.codes_inside = sizes.codes_before and sizes.codes_after > 0)
),

next_day as (
    select
        lasting.area_code as region_code,
        lasting.year,
        population.band,
        any_value(lasting.codes_after) as codes_after,
        any_value(population.unit) as unit,
        case when count(population.persons) = any_value(lasting.codes_after) then sum(population.persons) end
            as persons,
        {{ combined_status('population.obs_status', 'count(population.persons) = any_value(lasting.codes_after)') }}
            as obs_status,
        max(population.vintage) as vintage,
        any_value(population.source) as source,
        bool_or(population.is_stale) as is_stale
    from lasting
    inner join areas on lasting.year = areas.year and lasting.area_code = areas.area_code
    inner join {{ ref('region_steps') }} as steps
        on areas.year = steps.year and areas.step = steps.step and steps.side = 'after'
    inner join {{ ref('population') }} as population
        on steps.region_code = population.region_code and steps.year = population.period
    where lasting.area_code <> 'EAK'
    group by lasting.area_code, lasting.year, population.band
),

-- Summed by us, unless the source gives the same figure for the code itself, as it does for a county that goes on.
year_end as (
    select
        next_day.region_code,
        cast(cast(next_day.year as integer) - 1 as varchar) as period,
        next_day.band,
        next_day.unit,
        next_day.persons,
        case
            when next_day.codes_after = 1 or next_day.persons = itself.persons or next_day.obs_status <> 'A'
                then next_day.obs_status
            else 'D'
        end as obs_status,
        next_day.vintage,
        next_day.source,
        next_day.is_stale
    from next_day
    left join {{ ref('population') }} as itself
        on
            next_day.region_code = itself.region_code
            and next_day.year = itself.period
            and next_day.band = itself.band
    union all by name
    select
        * exclude (period),
        cast(cast(period as integer) - 1 as varchar) as period
    from {{ ref('population') }}
    where region_code = 'EAK'
),

observed as (
    select
        'persons' as measure,
        *
    from {{ ref('population') }}
    union all by name
    select
        'persons_year_end' as measure,
        *
    from year_end
)

select
    '07459' as table_id,
    measure,
    band as category,
    region_code,
    period,
    unit,
    persons as value,
    obs_status,
    cast(null as varchar) as edition,
    vintage,
    source,
    is_stale
from observed
where observed.period >= (select min(population.period) from {{ ref('population') }} as population)
