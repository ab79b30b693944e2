-- What chance, and the spread that is usual in a group, would make of each municipality's figure: control limits around
-- the group's figure for the municipality's own denominator. Spiegelhalter (2005), Statistics in Medicine 24:1185-1202
-- (limits) and Quality and Safety in Health Care 14:347-351 (over-dispersion, additive random effects). Today's
-- structure only, and only figures that have an interval, so what is hidden or missing is no part of any sum.
with figures as (
    select
        results.*,
        groups.comparator,
        groups.comparator_code,
        groups.comparator_name,
        definitions.multiplier,
        definitions.decimals,
        definitions.direction,
        results.numerator / results.denominator as share
    from {{ ref('indicator_results') }} as results
    inner join {{ source('catalog', 'indicators') }} as definitions on results.indicator_id = definitions.indicator_id
    inner join {{ ref('comparator_groups') }} as groups
        on
            results.structure = groups.structure
            and results.region_code = groups.region_code
            and left(results.period, 4) = groups.year
    inner join {{ source('catalog', 'indicator_comparators') }} as choices
        on results.indicator_id = choices.indicator_id and groups.comparator = choices.comparator
    inner join {{ source('catalog', 'funnel_rules') }} as rules
        on list_contains(string_split(rules.comparators, ', '), groups.comparator)
    where
        results.structure = 'current'
        and results.interval_method is not null
        and not {{ stands_outside('groups.comparator', 'results.region_code') }}
),

baselines as (
    select
        indicator_id,
        period,
        comparator,
        comparator_code,
        count(*) as units,
        sum(numerator) / sum(denominator) as baseline
    from figures
    group by indicator_id, period, comparator, comparator_code
),

-- A group in which nobody or everybody is counted has no variation to hold a figure against.
judged as (
    select
        figures.*,
        baselines.units,
        baselines.baseline,
        case
            when figures.interval_method = 'byar' then baselines.baseline
            else greatest(baselines.baseline * (1 - baselines.baseline), 0)
        end / figures.denominator as variance,
        case
            when baselines.units < rules.units_from then 'few_units'
            when variance = 0 then 'no_variation'
        end as refused
    from figures
    inner join baselines
        on
            figures.indicator_id = baselines.indicator_id
            and figures.period = baselines.period
            and figures.comparator = baselines.comparator
            and figures.comparator_code = baselines.comparator_code
    cross join {{ source('catalog', 'funnel_rules') }} as rules
),

residuals as (
    select
        *,
        case when refused is null then (share - baseline) / sqrt(variance) end as residual
    from judged
),

ordered as (
    select
        indicator_id,
        period,
        comparator,
        comparator_code,
        list_sort(list(residual)) as in_order
    from residuals
    where refused is null
    group by indicator_id, period, comparator, comparator_code
),

ends as (
    select
        ordered.*,
        {{ quantile_of('ordered.in_order', 'rules.winsorised') }} as lowest,
        {{ quantile_of('ordered.in_order', '(1 - rules.winsorised)') }} as highest
    from ordered
    cross join {{ source('catalog', 'funnel_rules') }} as rules
),

spreads as (
    select
        residuals.indicator_id,
        residuals.period,
        residuals.comparator,
        residuals.comparator_code,
        count(*) as units,
        avg(pow(least(greatest(residuals.residual, ends.lowest), ends.highest), 2)) as dispersion,
        sum(1 / residuals.variance) as weights,
        sum(pow(1 / residuals.variance, 2)) as squared_weights
    from residuals
    inner join ends
        on
            residuals.indicator_id = ends.indicator_id
            and residuals.period = ends.period
            and residuals.comparator = ends.comparator
            and residuals.comparator_code = ends.comparator_code
    where residuals.refused is null
    group by residuals.indicator_id, residuals.period, residuals.comparator, residuals.comparator_code
),

-- The variance between municipalities, by moments (DerSimonian and Laird 1986, Controlled Clinical Trials 7:177-188).
estimated as (
    select
        *,
        greatest((units * dispersion - (units - 1)) / (weights - squared_weights / weights), 0) as variance_between
    from spreads
),

limited as (
    select
        residuals.*,
        rules.z_95,
        rules.z_998,
        estimated.dispersion,
        estimated.variance_between,
        estimated.units * estimated.dispersion > {{ chi_square('estimated.units - 1', 'rules.z_dispersion') }}
            as overdispersed,
        sqrt(residuals.variance) as spread_by_chance,
        sqrt(residuals.variance + estimated.variance_between) as spread,
        (residuals.share - residuals.baseline) / spread as deviation,
        case when residuals.interval_method = 'byar' then cast('infinity' as double) else 1.0 end as largest
    from residuals
    left join estimated
        on
            residuals.indicator_id = estimated.indicator_id
            and residuals.period = estimated.period
            and residuals.comparator = estimated.comparator
            and residuals.comparator_code = estimated.comparator_code
    cross join {{ source('catalog', 'funnel_rules') }} as rules
),

classed as (
    select
        *,
        case
            when refused is not null then null
            when deviation < -z_998 then 'below_998'
            when deviation < -z_95 then 'below_95'
            when deviation > z_998 then 'above_998'
            when deviation > z_95 then 'above_95'
            else 'within'
        end as funnel_class
    from limited
)

select
    indicator_id,
    definition_version,
    structure,
    region_code,
    period,
    series_segment,
    value,
    unit,
    obs_status,
    denominator,
    interval_method,
    small_number,
    comparator,
    comparator_code,
    comparator_name,
    cast(units as integer) as units,
    refused,
    {{ round_half_away('baseline * multiplier', 'decimals + 1') }} as baseline,
    {{ funnel_limit('spread_by_chance', '-', 'z_95') }} as lower_95,
    {{ funnel_limit('spread_by_chance', '+', 'z_95') }} as upper_95,
    {{ funnel_limit('spread_by_chance', '-', 'z_998') }} as lower_998,
    {{ funnel_limit('spread_by_chance', '+', 'z_998') }} as upper_998,
    {{ round_half_away('dispersion', 2) }} as dispersion,
    overdispersed,
    {{ round_half_away('sqrt(variance_between) * multiplier', 'decimals + 1') }} as spread_between,
    {{ funnel_limit('spread', '-', 'z_95') }} as adjusted_lower_95,
    {{ funnel_limit('spread', '+', 'z_95') }} as adjusted_upper_95,
    {{ funnel_limit('spread', '-', 'z_998') }} as adjusted_lower_998,
    {{ funnel_limit('spread', '+', 'z_998') }} as adjusted_upper_998,
    {{ round_half_away('deviation', 2) }} + 0.0 as deviation,
    funnel_class,
    case
        when funnel_class = 'within' then 'within'
        when funnel_class is null then null
        when direction = 'context' then case when starts_with(funnel_class, 'above') then 'higher' else 'lower' end
        when starts_with(funnel_class, 'above') = (direction = 'higher_is_better') then 'better'
        else 'worse'
    end as judgement,
    vintage,
    source,
    is_stale
from classed
