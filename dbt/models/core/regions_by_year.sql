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
        on codes.valid_from <= periods.period_start
        and coalesce(codes.valid_to, date '9999-12-31') > periods.period_start
    left join {{ source('typed', 'klass_104_codes') }} as counties
        on counties.code = left(codes.code, 2)
        and counties.valid_from <= periods.period_start
        and coalesce(counties.valid_to, date '9999-12-31') > periods.period_start
    left join {{ source('typed', 'klass_112_correspondence') }} as kostra
        on kostra.source_code = codes.code and kostra.year = periods.year
    left join {{ source('typed', 'klass_128_correspondence') }} as centrality
        on centrality.source_code = codes.code and centrality.year = periods.year
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
        on codes.valid_from <= periods.period_start
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
        on codes.valid_from <= periods.period_start
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
)

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
