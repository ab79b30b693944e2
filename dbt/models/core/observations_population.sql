-- Population as observations: on 1 January (persons), and at the end of the year before (persons_year_end).
-- The end of a year is told in that year's codes: the same code where no reform touched it overnight, the old
-- code of a pure renumbering, and nothing for a code that was merged or split. A county keeps its own figure where
-- no reform crossed its border.
with year_end as (
    select
        coalesce(renumberings.old_code, population.region_code) as region_code,
        cast(cast(population.period as integer) - 1 as varchar) as period,
        population.* exclude (region_code, period)
    from {{ ref('population') }} as population
    left join {{ ref('renumberings') }} as renumberings
        on
            population.region_code = renumberings.new_code
            and renumberings.changed_on = make_date(cast(population.period as integer), 1, 1)
    where
        length(population.region_code) = 4
        and (
            renumberings.old_code is not null
            or not exists (
                select 1
                from {{ ref('area_changes') }} as changes
                where
                    changes.region_code = population.region_code
                    and changes.changed_on = make_date(cast(population.period as integer), 1, 1)
            )
        )
    union all
    select
        region_code,
        cast(cast(period as integer) - 1 as varchar),
        * exclude (region_code, period)
    from {{ ref('population') }}
    where
        region_code = 'EAK'
        or (
            starts_with(region_code, 'EKA')
            and (region_code, period) in (
                select (unchanged.region_code, unchanged.year) from {{ ref('continuity') }} as unchanged
            )
        )
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
