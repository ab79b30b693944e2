-- What each municipality is compared with, year by year: the groups of the year as published, and today's groups, kept
-- fixed backwards, in today's structure.
with memberships as (
    select
        'as_published' as structure,
        year,
        region_code,
        county_code,
        county_name,
        kostra_group,
        centrality_class,
        size_class
    from {{ ref('regions_by_year') }}
    where region_level = 'municipality' and listed_by_klass
    union all
    select
        'current' as structure,
        periods.year,
        today.region_code,
        today.county_code,
        today.county_name,
        today.kostra_group,
        today.centrality_class,
        today.size_class
    from {{ ref('current_regions') }} as today
    cross join {{ ref('periods') }} as periods
    where today.region_level = 'municipality'
),

kostra_names as (
    select
        code,
        max_by(name, valid_from) as name
    from {{ source('typed', 'klass_112_codes') }}
    group by code
),

centrality_names as (
    select
        code,
        max_by(name, valid_from) as name
    from {{ source('typed', 'klass_128_codes') }}
    group by code
)

select
    structure,
    year,
    region_code,
    'country' as comparator,
    'EAK' as comparator_code,
    'Landet' as comparator_name
from memberships
union all
select
    structure,
    year,
    region_code,
    'country_without_oslo',
    'EAKUO',
    'Landet uten Oslo'
from memberships
union all
select
    structure,
    year,
    region_code,
    'county',
    county_code,
    coalesce(county_name, county_code)
from memberships
where county_code is not null
union all
select
    memberships.structure,
    memberships.year,
    memberships.region_code,
    'kostra_group',
    memberships.kostra_group,
    coalesce(names.name, memberships.kostra_group)
from memberships
left join kostra_names as names on memberships.kostra_group = names.code
where memberships.kostra_group is not null
union all
select
    memberships.structure,
    memberships.year,
    memberships.region_code,
    'centrality_class',
    memberships.centrality_class,
    coalesce(names.name, memberships.centrality_class)
from memberships
left join centrality_names as names on memberships.centrality_class = names.code
where memberships.centrality_class is not null
union all
select
    memberships.structure,
    memberships.year,
    memberships.region_code,
    'size_class',
    memberships.size_class,
    sizes.name_nb
from memberships
inner join {{ source('catalog', 'size_classes') }} as sizes on memberships.size_class = sizes.size_class
