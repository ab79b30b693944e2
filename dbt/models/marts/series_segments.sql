-- Which part of its series each indicator is in, by region and year: figures of different parts are not compared.
-- A new part begins with a break of the indicator, and as published with another area under the same code. In
-- today's structure the area is always the same; there a part begins where the series does.
with series as (
    select
        definitions.indicator_id,
        definitions.method,
        regions.structure,
        regions.region_code,
        regions.region_level,
        regions.year
    from {{ ref('region_years') }} as regions
    inner join {{ source('catalog', 'indicators') }} as definitions
        on {{ is_of_levels('definitions.levels', 'regions.region_level') }}
),

broken as (
    select
        series.indicator_id,
        series.structure,
        series.region_level,
        series.year,
        count(distinct breaks.break_id) as breaks
    from (select distinct
        indicator_id,
        structure,
        region_level,
        year
    from series) as series
    inner join {{ source('catalog', 'indicator_breaks') }} as breaks
        on
            series.indicator_id = breaks.indicator_id
            and series.year >= left(breaks.at, 4)
            and {{ break_concerns('breaks', 'series') }}
    group by series.indicator_id, series.structure, series.region_level, series.year
),

other_areas as (
    select
        years.period as year,
        changes.region_code,
        count(*) as changes
    from {{ ref('periods') }} as years
    inner join {{ ref('area_changes') }} as changes on years.period >= changes.year
    group by years.period, changes.region_code
),

first_year as (
    select min(period) as year
    from {{ ref('periods') }}
),

-- A published rate begins where a published code has today's area, and so does a model's figure, which may rest on one;
-- a sum where the members are known.
begun as (
    select
        'published' as basis,
        region_code,
        min(year) as year
    from {{ ref('same_areas') }}
    group by region_code
    union all
    select
        'summed' as basis,
        area_code,
        min(year)
    from {{ ref('area_members') }}
    where structure = 'current'
    group by area_code
)

select
    series.indicator_id,
    series.structure,
    series.region_code,
    series.year,
    cast(
        1
        + coalesce(broken.breaks, 0)
        + coalesce(other_areas.changes, 0)
        + coalesce(cast(begun.year > first_year.year and series.year >= begun.year as integer), 0)
        as integer
    ) as series_segment
from series
cross join first_year
left join broken
    on
        series.indicator_id = broken.indicator_id
        and series.structure = broken.structure
        and series.region_level = broken.region_level
        and series.year = broken.year
left join other_areas
    on
        series.structure = 'as_published'
        and series.region_code = other_areas.region_code
        and series.year = other_areas.year
left join begun
    on
        series.structure = 'current'
        and series.region_code = begun.region_code
        and begun.basis = case when series.method in ('published', 'model') then 'published' else 'summed' end
