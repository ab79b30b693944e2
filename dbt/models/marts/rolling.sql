-- Three consecutive years as one figure: the sum of numerators over the sum of denominators, never over a break of the
-- series, and never where a year is hidden or missing. Today's structure only, since regions must stay the same.
with smoothed as (
    select
        indicator_id,
        definition_version,
        unit,
        decimals,
        multiplier,
        interval_method as declared_interval,
        min_denominator
    from {{ source('catalog', 'indicators') }}
    where smoothing = 'rolling_3'
),

offered as (
    select distinct
        indicator_id,
        period
    from {{ ref('indicator_results') }}
    where structure = 'current' and length(period) = 4
),

windows as (
    select
        last_year.indicator_id,
        last_year.region_code,
        last_year.series_segment,
        last_year.year as last_period,
        {{ years_before('last_year.year', 2) }} as first_period
    from {{ ref('series_segments') }} as last_year
    inner join {{ ref('series_segments') }} as first_year
        on
            last_year.indicator_id = first_year.indicator_id
            and last_year.structure = first_year.structure
            and last_year.region_code = first_year.region_code
            and last_year.series_segment = first_year.series_segment
            and {{ years_before('last_year.year', 2) }} = first_year.year
    where last_year.structure = 'current'
),

summed as (
    select
        windows.indicator_id,
        windows.region_code,
        windows.series_segment,
        windows.first_period,
        windows.last_period,
        count(results.value) as years_used,
        {{ summed('results.numerator') }} as numerator,
        {{ summed('results.denominator') }} as denominator,
        {{ combined_status("coalesce(results.obs_status, 'M')", 'count(results.value) = 3') }} as obs_status,
        max(results.vintage) as vintage,
        any_value(results.source) as source,
        coalesce(bool_or(results.is_stale), false) as is_stale
    from windows
    inner join offered
        on
            windows.indicator_id = offered.indicator_id
            and offered.period between windows.first_period and windows.last_period
    left join {{ ref('indicator_results') }} as results
        on
            results.structure = 'current'
            and windows.indicator_id = results.indicator_id
            and windows.region_code = results.region_code
            and offered.period = results.period
    group by
        windows.indicator_id, windows.region_code, windows.series_segment, windows.first_period, windows.last_period
    having count(*) = 3 and count(results.region_code) > 0
),

told as (
    select
        summed.* exclude (numerator, denominator),
        smoothed.* exclude (indicator_id), -- noqa: RF02
        case when summed.years_used = 3 then summed.numerator end as numerator,
        case when summed.years_used = 3 then summed.denominator end as denominator
    from summed
    inner join smoothed on summed.indicator_id = smoothed.indicator_id
),

bounded as (
    select
        *,
        {{ usable_interval('declared_interval', 'numerator', 'denominator') }} as interval_method
    from told
)

select
    indicator_id,
    definition_version,
    'current' as structure,
    region_code,
    first_period,
    last_period,
    cast(years_used as integer) as years_used,
    numerator,
    denominator,
    {{ round_half_away('numerator / nullif(denominator, 0) * multiplier', 'decimals') }} as value,
    unit,
    obs_status,
    series_segment,
    {{ round_down(interval_bound('interval_method', 'numerator', 'denominator', '-') ~ ' * multiplier', 'decimals') }}
        as interval_low,
    {{ round_up(interval_bound('interval_method', 'numerator', 'denominator', '+') ~ ' * multiplier', 'decimals') }}
        as interval_high,
    interval_method,
    coalesce(denominator < min_denominator, false) as small_number,
    vintage,
    source,
    is_stale
from bounded
