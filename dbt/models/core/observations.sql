-- Every figure that an indicator may use, by table, measure, category, region and period, in both structures.
-- as_published: as the source has it; areas that a table does not offer are summed from municipalities. current: for
-- today's regions; carried over where a published code had the same area, else summed from the municipalities that
-- covered it. A sum is given only where every municipality has a figure. A quarter is told in the codes of its year.
with published as (
    select * exclude (region_label) from {{ ref('observations_published') }}
    union all by name
    select * exclude (region_label) from {{ ref('observations_documented') }}
    union all by name
    select * exclude (region_label) from {{ ref('observations_uploaded') }}
    union all by name
    select * from {{ ref('observations_population') }}
),

sizes as (
    select
        structure,
        year,
        area_code,
        count(*) as municipalities
    from {{ ref('area_members') }}
    group by structure, year, area_code
),

offered as (
    select distinct
        table_id,
        measure,
        period,
        region_code
    from published
    where length(region_code) <> 4
),

summed as (
    select
        members.structure,
        published.table_id,
        published.measure,
        published.category,
        members.area_code as region_code,
        published.period,
        any_value(published.unit) as unit,
        case when count(published.value) = any_value(sizes.municipalities) then {{ summed('published.value') }} end
            as value,
        case
            when count(published.value) = any_value(sizes.municipalities)
                then case when bool_or(published.obs_status = 'P') then 'P' else 'D' end
            when bool_or(published.obs_status = 'C') then 'C'
            else 'M'
        end as obs_status,
        min(published.edition) as edition,
        max(published.vintage) as vintage,
        any_value(published.source) as source,
        bool_or(published.is_stale) as is_stale
    from published
    inner join {{ source('catalog', 'table_measures') }} as measures
        on published.table_id = measures.table_id and published.measure = measures.measure and measures.additive
    inner join {{ ref('area_members') }} as members
        on published.region_code = members.region_code and left(published.period, 4) = members.year
    inner join sizes
        on
            members.structure = sizes.structure
            and members.area_code = sizes.area_code
            and members.year = sizes.year
    left join {{ ref('same_areas') }} as same
        on members.structure = 'current' and members.area_code = same.region_code and members.year = same.year
    where
        same.region_code is null
        and (members.structure = 'current' or length(members.area_code) <> 4)
        and (members.structure = 'current' or not exists (
            select 1
            from offered
            where
                offered.table_id = published.table_id
                and offered.measure = published.measure
                and offered.period = published.period
                and offered.region_code = members.area_code
        ))
    group by
        members.structure, published.table_id, published.measure, published.category, members.area_code,
        published.period
),

as_published as (
    select
        'as_published' as structure,
        *
    from published
    union all by name
    select *
    from summed
    where structure = 'as_published'
),

carried as (
    select as_published.* replace ('current' as structure, same.region_code as region_code)
    from as_published
    inner join {{ ref('same_areas') }} as same
        on as_published.region_code = same.published_code and left(as_published.period, 4) = same.year
),

today as (
    select * from carried
    union all by name
    select *
    from summed
    where structure = 'current'
),

-- The end of a year in today's structure is the next day in today's structure.
year_ends as (
    select
        * exclude (measure, period),
        'persons_year_end' as measure,
        cast(cast(period as integer) - 1 as varchar) as period
    from today
    where table_id = '07459' and measure = 'persons'
)

select * from as_published
union all by name
select *
from today
where not (table_id = '07459' and measure = 'persons_year_end')
union all by name
select *
from year_ends
where year_ends.period >= (
    select min(published.period)
    from published
    where published.table_id = '07459'
)
