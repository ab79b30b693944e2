-- Hidden cells that published neighbours give away: all that a figure is made of is told but one, and so is the whole.
-- Counts by region (municipalities of a county, group or country), by category (ages or educations of a total), and a
-- share beside its numerator and denominator. `given_by` says whether a figure made here completes it. Not published.
with counts as (
    select
        observations.structure,
        observations.table_id,
        observations.measure,
        observations.category,
        observations.region_code,
        observations.period,
        observations.value,
        observations.obs_status
    from {{ ref('observations') }} as observations
    inner join {{ source('catalog', 'table_measures') }} as measures
        on
            observations.table_id = measures.table_id
            and observations.measure = measures.measure
            and measures.additive
),

members as (
    select
        structure,
        year,
        comparator_code as area_code,
        region_code,
        count(*) over (partition by structure, year, comparator, comparator_code) as municipalities
    from {{ ref('comparator_groups') }}
    where
        comparator in ('country', 'country_without_oslo', 'county', 'kostra_group')
        and not {{ stands_outside('comparator', 'region_code') }}
),

by_region as (
    select
        counts.structure,
        counts.table_id,
        counts.measure,
        counts.category,
        members.area_code as region_code,
        counts.period,
        any_value(members.municipalities) as parts,
        count(*) filter (where counts.obs_status = 'C') as hidden,
        count(*) filter (where counts.value is not null or counts.obs_status = 'L') as told
    from counts
    inner join members
        on
            counts.structure = members.structure
            and counts.region_code = members.region_code
            and left(counts.period, 4) = members.year
    group by
        counts.structure, counts.table_id, counts.measure, counts.category, members.area_code, counts.period
    having hidden <= 1 and told + hidden = parts
),

by_category as (
    select
        counts.structure,
        counts.table_id,
        counts.measure,
        parts.total as category,
        counts.region_code,
        counts.period,
        any_value(parts.parts) as parts,
        count(*) filter (where counts.obs_status = 'C') as hidden,
        count(*) filter (where counts.value is not null or counts.obs_status = 'L') as told
    from counts
    inner join {{ source('catalog', 'category_parts') }} as parts
        on counts.table_id = parts.table_id and counts.category = parts.part
    where counts.structure = 'as_published'
    group by
        counts.structure, counts.table_id, counts.measure, parts.total, counts.region_code, counts.period
    having hidden <= 1 and told + hidden = parts
),

triangles as (
    select
        'region' as kind,
        *
    from by_region
    union all
    select
        'category' as kind,
        *
    from by_category
)

-- A sum of categories of a region that is summed here lies open only where it does in one of its parts.
select
    triangles.kind,
    triangles.table_id,
    triangles.structure,
    triangles.measure,
    triangles.category,
    triangles.region_code,
    triangles.period,
    case when whole.obs_status = 'D' and triangles.kind = 'region' then 'us' else 'source' end as given_by
from triangles
inner join counts as whole
    on
        triangles.structure = whole.structure
        and triangles.table_id = whole.table_id
        and triangles.measure = whole.measure
        and triangles.category = whole.category
        and triangles.region_code = whole.region_code
        and triangles.period = whole.period
where
    triangles.hidden + cast(whole.obs_status = 'C' as integer) = 1
    and (whole.value is not null or triangles.hidden = 0)
union all
select
    'share' as kind,
    cast(null as varchar) as table_id,
    structure,
    indicator_id as measure,
    cast(null as varchar) as category,
    region_code,
    period,
    'us' as given_by
from {{ ref('indicator_results') }}
where obs_status = 'C' and numerator is not null and denominator is not null
union all
select
    'years' as kind,
    cast(null as varchar) as table_id,
    windows.structure,
    windows.indicator_id as measure,
    cast(null as varchar) as category,
    windows.region_code,
    windows.last_period as period,
    'us' as given_by
from {{ ref('rolling') }} as windows
inner join {{ ref('indicator_results') }} as years
    on
        windows.structure = years.structure
        and windows.indicator_id = years.indicator_id
        and windows.region_code = years.region_code
        and years.period between windows.first_period and windows.last_period
where windows.numerator is not null and years.obs_status = 'C'
