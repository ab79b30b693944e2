-- Each figure that was published with another value before: first, previous and present value, with the difference.
with numbered as (
    select
        *,
        row_number() over figure as told_no,
        lag(value) over figure as previous_value,
        lag(obs_status) over figure as previous_status,
        lag(vintage) over figure as previous_vintage,
        count(*) over (partition by indicator_id, definition_version, region_code, period) as times_told
    from {{ ref('indicator_history') }}
    window figure as (
        partition by indicator_id, definition_version, region_code, period
        order by published_at
    )
),

revised as (
    select
        indicator_id,
        definition_version,
        region_code,
        period,
        arg_min(row(value, vintage, published_at), told_no) as first_told,
        arg_max(row(value, obs_status, vintage, published_at), told_no) as now_told,
        arg_max(row(previous_value, previous_status, previous_vintage), told_no) as before_told,
        count(*) filter (where told_no > 1 and value is distinct from previous_value) as revisions
    from numbered
    where times_told > 1
    group by indicator_id, definition_version, region_code, period
)

select
    revised.indicator_id,
    revised.definition_version,
    revised.region_code,
    regions.region_name,
    regions.region_level,
    revised.period,
    revised.first_told[1] as first_value,
    revised.first_told[2] as first_vintage,
    revised.before_told[1] as previous_value,
    revised.before_told[2] as previous_status,
    revised.before_told[3] as previous_vintage,
    revised.now_told[1] as current_value,
    revised.now_told[2] as current_status,
    revised.now_told[3] as current_vintage,
    round(revised.now_told[1] - revised.before_told[1], 6) as difference,
    round(revised.now_told[1] - revised.first_told[1], 6) as difference_from_first,
    cast(revised.revisions as integer) as revisions,
    revised.now_told[4] as revised_at,
    case when revised.now_told[3] = revised.before_told[3] then 'calculation' else 'source' end as cause
from revised
inner join {{ ref('regions_by_year') }} as regions
    on revised.region_code = regions.region_code and revised.period = regions.year
where revised.revisions > 0
order by revised.indicator_id, revised.region_code, revised.period
