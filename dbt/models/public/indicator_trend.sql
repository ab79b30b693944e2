-- The latest figure of each indicator in each of today's regions beside its own one to five years before: the change,
-- its bounds and what it says. Nothing is told across a break of the series.
with figures as (
    select
        told.*,
        definitions.direction,
        definitions.decimals,
        definitions.multiplier,
        definitions.method
    from {{ ref('indicator_values') }} as told
    inner join {{ source('catalog', 'indicators') }} as definitions on told.indicator_id = definitions.indicator_id
    where told.structure = 'current'
),

latest as (
    select
        *,
        period = max(period) over (partition by indicator_id) as is_newest
    from figures
    where value is not null
    qualify row_number() over (partition by indicator_id, region_code order by period desc) = 1
),

told_periods as (
    select distinct
        indicator_id,
        period
    from figures
    where value is not null
),

horizons as (
    select unnest([1, 2, 3, 4, 5]) as horizon_years
),

pairs as (
    select
        latest.*,
        horizons.horizon_years,
        told_periods.period as period_from
    from latest
    cross join horizons
    inner join told_periods
        on
            latest.indicator_id = told_periods.indicator_id
            and {{ years_before('latest.period', 'horizons.horizon_years') }} = told_periods.period
),

cuts as (
    select
        pairs.indicator_id,
        pairs.region_code,
        pairs.horizon_years,
        string_agg(distinct breaks.reason_nb, '; ' order by breaks.reason_nb) as reason_nb,
        string_agg(distinct breaks.reason_en, '; ' order by breaks.reason_en) as reason_en
    from pairs
    inner join {{ ref('series_breaks') }} as breaks
        on
            pairs.structure = breaks.structure
            and pairs.indicator_id = breaks.indicator_id
            and pairs.region_code = breaks.region_code
            and left(pairs.period_from, 4) < breaks.period
            and left(pairs.period, 4) >= breaks.period
    group by pairs.indicator_id, pairs.region_code, pairs.horizon_years
),

beside as (
    select
        pairs.*,
        cuts.reason_nb,
        cuts.reason_en,
        earlier.value as value_from,
        earlier.numerator as numerator_from,
        earlier.denominator as denominator_from,
        earlier.obs_status as status_from,
        coalesce(earlier.small_number, false) as small_from,
        coalesce(earlier.series_segment <> pairs.series_segment, false) as crosses_break,
        earlier.value is not null and not crosses_break as may_be_compared,
        may_be_compared
        and pairs.interval_method in ('wilson', 'wilson_fte')
        and earlier.interval_method = pairs.interval_method as can_be_bounded
    from pairs
    left join figures as earlier
        on
            pairs.indicator_id = earlier.indicator_id
            and pairs.definition_version = earlier.definition_version
            and pairs.region_code = earlier.region_code
            and pairs.period_from = earlier.period
    left join cuts
        on
            pairs.indicator_id = cuts.indicator_id
            and pairs.region_code = cuts.region_code
            and pairs.horizon_years = cuts.horizon_years
),

shares as (
    select
        *,
        case
            when not may_be_compared then null
            when method = 'ratio' and denominator <> 0 and denominator_from <> 0
                then (numerator / denominator - numerator_from / denominator_from) * multiplier
            else value - value_from
        end as exact_change,
        case when can_be_bounded then numerator / denominator end as share,
        case when can_be_bounded then numerator_from / denominator_from end as other_share,
        case when can_be_bounded then {{ wilson('numerator', 'denominator', '-') }} end as low,
        case when can_be_bounded then {{ wilson('numerator', 'denominator', '+') }} end as high,
        case when can_be_bounded then {{ wilson('numerator_from', 'denominator_from', '-') }} end as other_low,
        case when can_be_bounded then {{ wilson('numerator_from', 'denominator_from', '+') }} end as other_high
    from beside
),

-- A published share may rest on later corrections than the counts beside it: bounds that it lies outside are none.
bounded as (
    select
        *,
        {{ newcombe('-') }} * multiplier as change_from_counts_low,
        {{ newcombe('+') }} * multiplier as change_from_counts_high,
        coalesce(exact_change between change_from_counts_low and change_from_counts_high, false) as has_interval
    from shares
),

changed as (
    select
        *,
        {{ round_half_away('exact_change', 'decimals + 1') }} + 0.0 as change,
        case
            when may_be_compared and method <> 'model' and unit <> 'prosent' and value_from > 0
                then {{ round_half_away('100 * (value / value_from - 1)', 1) }} + 0.0
        end as change_percent,
        case when has_interval then {{ round_down('change_from_counts_low', 'decimals + 1') }} + 0.0 end as change_low,
        case when has_interval then {{ round_up('change_from_counts_high', 'decimals + 1') }} + 0.0 end as change_high,
        change_low > 0 or change_high < 0 as beyond_chance,
        case
            when change is null then 'not_compared'
            when change = 0 then 'unchanged'
            when direction = 'context' then 'changed'
            when (change > 0) = (direction = 'higher_is_better') then 'better'
            else 'worse'
        end as verdict
    from bounded
)

select
    indicator_id,
    definition_id,
    structure,
    region_code,
    region_name,
    region_level,
    period,
    is_newest,
    cast(horizon_years as integer) as horizon_years,
    period_from,
    value,
    value_from,
    unit,
    change,
    case when unit = 'prosent' then 'prosentpoeng' else unit end as change_unit,
    change_percent,
    change_low,
    change_high,
    case when has_interval then replace(interval_method, 'wilson', 'newcombe') end as interval_method,
    beyond_chance,
    crosses_break,
    case when change > 0 then 'økte' when change < 0 then 'falt' when change = 0 then 'uendret' end as direction_nb,
    case when change > 0 then 'rose' when change < 0 then 'fell' when change = 0 then 'unchanged' end as direction_en,
    verdict,
    {{ trend_in_words('nb') }} as verdict_nb,
    {{ trend_in_words('en') }} as verdict_en,
    case
        when change is not null and 'P' in (obs_status, status_from) then 'P'
        when change is not null and 'D' in (obs_status, status_from) then 'D'
        when change is not null then 'A'
        when crosses_break then 'L'
        else coalesce(status_from, 'L')
    end as obs_status,
    small_number or small_from as small_number,
    vintage,
    source,
    is_stale
from changed
order by indicator_id, region_code, horizon_years
