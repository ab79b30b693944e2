-- Each figure that was published with another value before: first, previous and present value, with the difference.
-- A row of history that only confirms a value, as June does, is no revision.
with followed as (
    select
        *,
        row_number() over figure as told_no,
        lag(value) over figure as value_before,
        lag(obs_status) over figure as status_before,
        lag(vintage) over figure as vintage_before
    from {{ ref('indicator_history') }}
    window figure as (
        partition by indicator_id, definition_version, region_code, period
        order by published_at
    )
),

latest as (
    select
        indicator_id,
        definition_version,
        region_code,
        period,
        arg_min(row(value, vintage), told_no) as first_told,
        arg_max(obs_status, told_no) as current_status
    from followed
    group by indicator_id, definition_version, region_code, period
),

revised as (
    select
        indicator_id,
        definition_version,
        region_code,
        period,
        arg_max(row(value, vintage, published_at, cause), told_no) as now_told,
        arg_max(row(value_before, status_before, vintage_before), told_no) as before_told,
        count(*) as revisions
    from followed
    where told_no > 1 and value is distinct from value_before
    group by indicator_id, definition_version, region_code, period
)

select
    revised.indicator_id,
    revised.definition_version,
    revised.region_code,
    regions.region_name,
    regions.region_level,
    revised.period,
    latest.first_told[1] as first_value,
    latest.first_told[2] as first_vintage,
    revised.before_told[1] as previous_value,
    revised.before_told[2] as previous_status,
    revised.before_told[3] as previous_vintage,
    revised.now_told[1] as current_value,
    latest.current_status,
    revised.now_told[2] as current_vintage,
    round(revised.now_told[1] - revised.before_told[1], 6) as difference,
    round(revised.now_told[1] - latest.first_told[1], 6) as difference_from_first,
    cast(revised.revisions as integer) as revisions,
    revised.now_told[3] as revised_at,
    revised.now_told[4] as cause
from revised
inner join latest
    on
        revised.indicator_id = latest.indicator_id
        and revised.definition_version = latest.definition_version
        and revised.region_code = latest.region_code
        and revised.period = latest.period
inner join {{ ref('regions_by_year') }} as regions
    on revised.region_code = regions.region_code and left(revised.period, 4) = regions.year
order by revised.indicator_id, revised.region_code, revised.period
