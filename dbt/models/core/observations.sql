-- Every figure that an indicator may use, by table, measure, category, region and period. Areas that a table
-- does not offer are summed from municipalities, and only where every municipality of that year has a figure.
with published as (
    select * exclude (region_label) from {{ ref('observations_published') }}
    union all by name
    select * from {{ ref('observations_population') }}
),

members as (
    select
        municipalities.year,
        municipalities.region_code,
        areas.region_code as area_code
    from {{ ref('regions_by_year') }} as municipalities
    inner join {{ ref('regions_by_year') }} as areas
        on
            municipalities.year = areas.year
            and areas.region_code in (municipalities.county_code, municipalities.kostra_group, 'EAK')
    where municipalities.region_level = 'municipality'
),

sizes as (
    select
        year,
        area_code,
        count(*) as municipalities
    from members
    group by year, area_code
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
        published.table_id,
        published.measure,
        published.category,
        members.area_code as region_code,
        published.period,
        any_value(published.unit) as unit,
        case when count(published.value) = any_value(sizes.municipalities) then sum(published.value) end as value,
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
    inner join members
        on published.region_code = members.region_code and left(published.period, 4) = members.year
    inner join sizes
        on members.area_code = sizes.area_code and members.year = sizes.year
    where
        not exists (
            select 1
            from offered
            where
                offered.table_id = published.table_id
                and offered.measure = published.measure
                and offered.period = published.period
                and offered.region_code = members.area_code
        )
    group by published.table_id, published.measure, published.category, members.area_code, published.period
)

select * from published
union all by name
select * from summed
