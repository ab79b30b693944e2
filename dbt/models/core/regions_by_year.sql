-- Each region in each year in which its code was valid on 1 January, with where it belongs that year.
with municipalities as (
    select
        periods.year,
        codes.code as region_code,
        codes.name as region_name,
        'municipality' as region_level,
        'EKA' || left(codes.code, 2) as county_code,
        counties.name as county_name,
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
        case when region_level = 'kostra_group' then region_code end,
        cast(null as varchar),
        valid_from,
        valid_to
    from areas
),

-- A figure is never dropped because Klass does not list its region: the source's own label names it then.
unlisted as (
    select
        observations.period as year,
        observations.region_code,
        any_value(regexp_replace(observations.region_label, ' \([0-9-]+\)$', '')) as region_name,
        case
            when starts_with(observations.region_code, 'EKG') then 'kostra_group'
            when starts_with(observations.region_code, 'EKA') then 'county'
            else 'other'
        end as region_level
    from {{ ref('observations_published') }} as observations
    left join listed
        on observations.region_code = listed.region_code and observations.period = listed.year
    where observations.value is not null and listed.region_code is null
    group by observations.period, observations.region_code
)

select
    *,
    true as listed_by_klass
from listed
union all by name
select
    *,
    false as listed_by_klass
from unlisted
