-- What was published of each indicator, region and period, in the structure of the source: a row per change of value
-- or status, tonight's included.
with last_told as (
    select *
    from {{ source('catalog', 'published_values') }}
    qualify row_number() over (
        partition by indicator_id, definition_version, region_code, period
        order by published_at desc
    ) = 1
),

-- What a figure of a model rests on is what its indicator rests on.
terms as (
    select
        indicator_id,
        table_id
    from {{ source('catalog', 'indicator_terms') }}
    union
    select
        models.indicator_id,
        terms.table_id
    from {{ source('catalog', 'indicator_models') }} as models
    inner join {{ source('catalog', 'indicator_terms') }} as terms on models.of_indicator = terms.indicator_id
),

news as (
    select distinct terms.indicator_id
    from terms
    inner join {{ source('catalog', 'vintages') }} as vintages on terms.table_id = vintages.table_id
    cross join {{ source('catalog', 'last_publication') }} as last_publication
    where vintages.accepted_at > last_publication.at
),

published_tonight as (
    select *
    from {{ ref('indicator_values') }}
    where structure = 'as_published'
),

tonight as (
    select
        coalesce(results.indicator_id, last_told.indicator_id) as indicator_id,
        coalesce(results.definition_version, last_told.definition_version) as definition_version,
        coalesce(results.region_code, last_told.region_code) as region_code,
        coalesce(results.period, last_told.period) as period,
        results.value,
        coalesce(results.obs_status, 'L') as obs_status,
        coalesce(results.vintage, last_told.vintage) as vintage,
        current_timestamp as published_at,
        case
            when last_told.indicator_id is null then 'first'
            when coalesce(results.indicator_id, last_told.indicator_id) in (
                select news.indicator_id from news
            ) then 'source'
            else 'calculation'
        end as cause
    from published_tonight as results
    full join last_told
        on
            results.indicator_id = last_told.indicator_id
            and results.definition_version = last_told.definition_version
            and results.region_code = last_told.region_code
            and results.period = last_told.period
    where
        last_told.indicator_id is null
        or results.value is distinct from last_told.value
        or coalesce(results.obs_status, 'L') is distinct from last_told.obs_status
),

told as (
    select * from {{ source('catalog', 'published_values') }}
    union all by name
    select * from tonight
)

select
    indicator_id,
    definition_version,
    region_code,
    period,
    value,
    obs_status,
    vintage,
    published_at,
    cause
from told
order by indicator_id, region_code, period, published_at
