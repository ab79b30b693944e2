-- Who took part in which programme, from when to when; and grants, a row per year. What a person laid down, not a
-- figure of Statistics Norway. A municipality without a row is not known to take part. `region_code` is today's: a code
-- of the starting year whose area goes on under another number is carried over, and one that was merged is kept.
-- `current_unit` is today's municipalities that its area went into: what took part in them is known only in part.
with participations as (
    select
        'participation' as kind,
        programme,
        region_code,
        period as start_year,
        max(case when measure = 'end_year' then cast(cast(value as integer) as varchar) end) as end_year,
        max(case when measure = 'amount' then value end) as amount,
        any_value(coalesce(remark, note)) as note,
        any_value(source) as source,
        bool_or(is_stale) as is_stale
    from {{ source('typed', 'upload_participation') }}
    group by programme, region_code, period
),

grants as (
    select
        'grant' as kind,
        scheme as programme,
        region_code,
        period as start_year,
        period as end_year,
        value as amount,
        coalesce(remark, note) as note,
        source,
        is_stale
    from {{ source('typed', 'upload_grants') }}
    where measure = 'amount'
),

reported as (
    select * from participations
    union all by name
    select * from grants
)

select
    reported.kind,
    reported.programme,
    case when links.same_area then links.current_unit else reported.region_code end as region_code,
    reported.region_code as reported_code,
    coalesce(links.current_unit, reported.region_code) as current_unit,
    reported.start_year,
    reported.end_year,
    reported.amount,
    reported.note,
    reported.source,
    reported.is_stale
from reported
left join {{ ref('region_links') }} as links
    on reported.region_code = links.region_code and reported.start_year = links.year
