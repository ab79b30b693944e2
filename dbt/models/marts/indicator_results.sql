-- The value of each indicator in each region and period, with its status, edition and interval. Figures of models come
-- beside these (modelled_results).
with sides as (
    select
        indicator_id,
        structure,
        region_code,
        period,
        max(value) filter (where role = 'numerator') as numerator,
        max(value) filter (where role = 'denominator') as denominator,
        max(value) filter (where role = 'published') as published,
        max(obs_status) filter (where role = 'numerator') as numerator_status,
        max(obs_status) filter (where role = 'denominator') as denominator_status,
        max(obs_status) filter (where role = 'published') as published_status,
        case
            when bool_or(edition = 'unrevised') filter (where decides) then 'unrevised'
            else max(edition) filter (where decides)
        end as edition,
        max(vintage) filter (where decides) as vintage,
        -- A figure that is generated in part is generated; otherwise the numerator tells where it is from.
        case
            when bool_or(source = 'demo') then 'demo'
            else coalesce(max(source) filter (where role <> 'denominator'), max(source))
        end as source,
        coalesce(bool_or(is_stale) filter (where decides), false) as is_stale
    from {{ ref('indicator_components') }}
    group by indicator_id, structure, region_code, period
),

in_segments as (
    select
        sides.*,
        segments.series_segment
    from sides
    inner join {{ ref('series_segments') }} as segments
        on
            sides.indicator_id = segments.indicator_id
            and sides.structure = segments.structure
            and sides.region_code = segments.region_code
            and left(sides.period, 4) = segments.year
),

in_years as (
    select
        sides.*,
        definitions.definition_version,
        definitions.unit,
        definitions.decimals,
        definitions.multiplier,
        definitions.method,
        definitions.years,
        definitions.annualised,
        definitions.interval_method as declared_interval,
        definitions.min_denominator
    from in_segments as sides
    inner join {{ source('catalog', 'indicators') }} as definitions
        on sides.indicator_id = definitions.indicator_id and definitions.method <> 'model'
),

defined as (
    select
        sides.*,
        earlier.numerator as numerator_before,
        earlier.numerator_status as status_before,
        coalesce(earlier.series_segment = sides.series_segment, false) as may_be_compared
    from in_years as sides
    left join in_segments as earlier
        on
            sides.method = 'growth'
            and sides.indicator_id = earlier.indicator_id
            and sides.structure = earlier.structure
            and sides.region_code = earlier.region_code
            and {{ years_before('sides.period', 'sides.years') }} = earlier.period
),

calculated as (
    select
        *,
        case method
            when 'published' then published
            when 'amount' then numerator
            when 'ratio' then numerator / nullif(denominator, 0) * multiplier
            when 'growth' then
                case
                    when may_be_compared
                        then (
                            pow(numerator / nullif(numerator_before, 0), case when annualised then 1 / years else 1 end)
                            - 1
                        ) * multiplier
                end
        end as exact_value,
        case method
            when 'published' then published_status
            else numerator_status
        end as first_status,
        case
            when method = 'ratio' and denominator = 0 then 'L'
            when method = 'ratio' then coalesce(denominator_status, 'M')
            when method = 'growth' and (not may_be_compared or numerator_before = 0) then 'L'
            when method = 'growth' then coalesce(status_before, 'L')
        end as second_status
    from defined
),

with_status as (
    select
        *,
        case
            when exact_value is not null and 'P' in (first_status, second_status) then 'P'
            when exact_value is not null and 'D' in (first_status, second_status) then 'D'
            when exact_value is not null then 'A'
            when 'C' in (first_status, second_status) then 'C'
            when 'M' in (first_status, second_status) then 'M'
            when 'N' in (first_status, second_status) then 'N'
            else 'L'
        end as obs_status,
        case
            when exact_value is not null and method in ('ratio', 'published')
                then {{ usable_interval('declared_interval', 'numerator', 'denominator') }}
        end as interval_of,
        coalesce(
            method = 'published' and 'C' in (published_status, numerator_status, denominator_status), false
        ) as withholds
    from calculated
    where first_status is not null
),

bounded as (
    select
        *,
        multiplier * {{ interval_bound('interval_of', 'numerator', 'denominator', '-') }} as low,
        multiplier * {{ interval_bound('interval_of', 'numerator', 'denominator', '+') }} as high
    from with_status
),

-- A published figure may rest on later corrections than the counts beside it: an interval that it lies outside is none.
trusted as (
    select
        *,
        coalesce(exact_value between low and high, false) as has_interval
    from bounded
)

-- Of a published share, its numerator and its denominator, two give the third away: where the source hides one of them,
-- the counts are not told beside the share.
select
    indicator_id,
    definition_version,
    structure,
    region_code,
    period,
    case when not withholds then numerator end as numerator,
    case
        when method = 'growth' then numerator_before
        when not withholds then denominator
    end as denominator,
    {{ round_half_away('exact_value', 'decimals') }} as value,
    unit,
    obs_status,
    edition,
    series_segment,
    case when has_interval then {{ round_down('low', 'decimals') }} end as interval_low,
    case when has_interval then {{ round_up('high', 'decimals') }} end as interval_high,
    case when has_interval then interval_of end as interval_method,
    coalesce(exact_value is not null and denominator < min_denominator, false) as small_number,
    vintage,
    source,
    is_stale
from trusted
