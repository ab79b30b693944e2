-- Each region in each year in which its code was valid on 1 January, with where it belongs that year. A name that
-- two municipalities bear in the same year carries its county.
with municipalities as (
    select
        periods.year,
        codes.code as region_code,
        codes.name as region_name,
        'municipality' as region_level,
        'EKA' || left(codes.code, 2) as county_code,
        county_names.official_name as county_name,
        county_names.name_norwegian as county_label,
        kostra.target_code as kostra_group,
        centrality.target_code as centrality_class,
        codes.valid_from,
        codes.valid_to
    from {{ ref('periods') }} as periods
    inner join {{ source('typed', 'klass_131_codes') }} as codes
        on
            periods.period_start >= codes.valid_from
            and coalesce(codes.valid_to, date '9999-12-31') > periods.period_start
    left join {{ source('typed', 'klass_104_codes') }} as counties
        on
            counties.code = left(codes.code, 2)
            and periods.period_start >= counties.valid_from
            and coalesce(counties.valid_to, date '9999-12-31') > periods.period_start
    left join {{ ref('region_names') }} as county_names on counties.name = county_names.name
    left join {{ source('typed', 'klass_112_correspondence') }} as kostra
        on codes.code = kostra.source_code and periods.year = kostra.year
    left join {{ source('typed', 'klass_128_correspondence') }} as centrality
        on codes.code = centrality.source_code and periods.year = centrality.year
    where codes.code <> '9999'
),

areas as (
    select
        periods.year,
        'EKA' || codes.code as region_code,
        codes.name as region_name,
        'county' as region_level,
        codes.valid_from,
        codes.valid_to
    from {{ ref('periods') }} as periods
    inner join {{ source('typed', 'klass_104_codes') }} as codes
        on
            periods.period_start >= codes.valid_from
            and coalesce(codes.valid_to, date '9999-12-31') > periods.period_start
    where codes.code <> '99'
    union all
    select
        periods.year,
        codes.code,
        codes.name,
        'kostra_group',
        codes.valid_from,
        codes.valid_to
    from {{ ref('periods') }} as periods
    inner join {{ source('typed', 'klass_112_codes') }} as codes
        on
            periods.period_start >= codes.valid_from
            and coalesce(codes.valid_to, date '9999-12-31') > periods.period_start
    union all
    select
        periods.year,
        fixed.region_code,
        fixed.region_name,
        fixed.region_level,
        cast(null as date),
        cast(null as date)
    from {{ ref('periods') }} as periods
    cross join {{ ref('fixed_regions') }} as fixed
),

listed as (
    select
        year,
        region_code,
        region_name,
        region_level,
        county_code,
        county_name,
        county_label,
        kostra_group,
        centrality_class,
        valid_from,
        valid_to
    from municipalities
    union all
    select
        year,
        region_code,
        region_name,
        region_level,
        case when region_level = 'county' then region_code end,
        case when region_level = 'county' then region_name end,
        cast(null as varchar),
        case when region_level = 'kostra_group' then region_code end,
        cast(null as varchar),
        valid_from,
        valid_to
    from areas
),

-- A figure is never dropped because Klass does not list its region: the source's own label names it then.
unlisted as (
    select
        left(observations.period, 4) as year,
        observations.region_code,
        any_value(regexp_replace(observations.region_label, ' \([0-9-]+\)$', '')) as region_name,
        case {{ region_level('observations.region_code') }}
            when 'kostra_group' then 'kostra_group' when 'county' then 'county' else 'other'
        end as region_level
    from {{ ref('observations_published') }} as observations
    left join listed
        on observations.region_code = listed.region_code and left(observations.period, 4) = listed.year
    where observations.value is not null and listed.region_code is null
    group by left(observations.period, 4), observations.region_code
),

known as (
    select
        *,
        true as listed_by_klass
    from listed
    union all by name
    select
        *,
        false as listed_by_klass
    from unlisted
),

named as (
    select
        known.*,
        coalesce(names.official_name, nfc_normalize(known.region_name)) as official_name,
        coalesce(names.name_norwegian, nfc_normalize(known.region_name)) as name_norwegian,
        names.name_sami,
        names.name_kven
    from known
    left join {{ ref('region_names') }} as names on known.region_name = names.name
),

told_apart as (
    select
        *,
        regexp_replace(official_name, ' \([^)]*\)$', '') as plain_name,
        count(*) over (
            partition by year, region_level, regexp_replace(official_name, ' \([^)]*\)$', '')
        ) > 1 as has_namesake
    from named
),

labelled as (
    select
        * exclude (region_name, plain_name, has_namesake, county_label),
        case
            when not has_namesake or region_level <> 'municipality' then plain_name
            when county_label is null and official_name <> plain_name then official_name
            else plain_name || ' (' || coalesce(county_label, region_code) || ')'
        end as region_name
    from told_apart
)

select
    labelled.*,
    {{ ascii_name('labelled.region_name') }} as name_ascii,
    population.persons as population,
    sizes.size_class
from labelled
left join {{ ref('population') }} as population
    on
        labelled.region_code = population.region_code
        and labelled.year = population.period
        and population.band = 'total'
left join {{ source('catalog', 'size_classes') }} as sizes
    on
        labelled.region_level = 'municipality'
        and population.persons >= sizes.at_least
        and (sizes.below is null or population.persons < sizes.below)
