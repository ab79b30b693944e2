-- How far each municipality is from the declared reference of an indicator, in the indicator's unit and in FTE, and how
-- long the way takes at the present pace.
-- The pace is the slope of least squares through the same part of up to five years of one segment, three at least; its
-- bounds are those of Student's t on the residual standard error (Draper and Smith (1998), Applied Regression Analysis,
-- 1.4). The reference is held where it is.
{% set farthest = 50 %}

with own as (
    select
        results.*,
        cast(left(results.period, 4) as integer) as year,
        substr(results.period, 5) as part_of_year,
        definitions.direction,
        definitions.decimals,
        definitions.multiplier,
        definitions.unit_of_count,
        definitions.target_comparator,
        definitions.target_statistic,
        definitions.target_origin_nb,
        definitions.target_origin_en,
        case definitions.direction when 'higher_is_better' then 1 when 'lower_is_better' then -1 end as better
    from {{ ref('indicator_results') }} as results
    inner join {{ source('catalog', 'indicators') }} as definitions
        on results.indicator_id = definitions.indicator_id and definitions.target_kind = 'declared_reference'
    where {{ region_level('results.region_code') }} in ('municipality', 'combined_municipalities')
),

-- Least squares: slope, sum of squares of the years, and what is left unexplained per degree of freedom.
followed as (
    select
        *,
        count(value) over recent as trend_years,
        regr_slope(value, year) over recent as slope,
        regr_sxx(value, year) over recent as spread,
        regr_syy(value, year) over recent as variation
    from own
    window recent as (
        partition by indicator_id, structure, region_code, series_segment, part_of_year
        order by year range between 4 preceding and current row
    )
),

paced as (
    select
        *,
        case when trend_years >= 3 then slope end as pace,
        case
            when trend_years >= 3
                then
                    {{ student_t('trend_years - 2') }}
                    * sqrt(greatest(variation - slope * slope * spread, 0) / (trend_years - 2) / spread)
        end as margin
    from followed
),

referred as (
    select
        paced.*,
        compared.comparator_code,
        compared.comparator_name,
        case paced.target_statistic
            when 'value' then compared.comparator_value
            when 'median' then compared.median
            when 'best_quartile'
                then case paced.better when 1 then compared.quartile_high when -1 then compared.quartile_low end
        end as reference_value,
        case
            when paced.target_statistic = 'value' then compared.exact_difference
            else paced.value - reference_value
        end as exact_gap
    from paced
    left join {{ ref('comparisons') }} as compared
        on
            paced.indicator_id = compared.indicator_id
            and paced.structure = compared.structure
            and paced.region_code = compared.region_code
            and paced.period = compared.period
            and paced.target_comparator = compared.comparator
),

-- Towards the better side everything is positive: what is lacking, and the speed at which it shrinks.
seen_forward as (
    select
        *,
        -better * exact_gap as lacking,
        better * pace as speed,
        case when unit_of_count = 'fte' and unit = 'prosent' then -better * exact_gap / multiplier * denominator end
            as exact_gap_fte
    from referred
),

judged as (
    select
        *,
        case
            when value is null then 'no_figure'
            when exact_gap is null then 'no_reference'
            when better is null then 'no_direction'
            when lacking <= 0 then 'reached'
            when pace is null then 'too_few_years'
            when speed <= 0 then 'moving_away'
            when lacking > {{ farthest }} * speed then 'too_slow'
            else 'approaching'
        end as outlook
    from seen_forward
)

select
    indicator_id,
    definition_version,
    structure,
    region_code,
    period,
    series_segment,
    value,
    numerator,
    denominator,
    unit,
    obs_status,
    direction,
    target_comparator,
    target_statistic,
    comparator_code,
    comparator_name,
    reference_value,
    target_origin_nb,
    target_origin_en,
    {{ round_half_away('exact_gap', 'decimals + 1') }} + 0.0 as gap,
    exact_gap_fte,
    lacking > 0 as is_behind,
    cast(trend_years as integer) as trend_years,
    {{ round_half_away('pace', 'decimals + 2') }} + 0.0 as pace,
    {{ round_down('pace - margin', 'decimals + 2') }} + 0.0 as pace_low,
    {{ round_up('pace + margin', 'decimals + 2') }} + 0.0 as pace_high,
    outlook,
    case when outlook = 'approaching' then {{ round_half_away('lacking / speed', 1) }} end as years_to_reference,
    case when outlook = 'approaching' then {{ round_down('lacking / (speed + margin)', 1) }} end as years_low,
    case
        when outlook = 'approaching' and speed > margin then {{ round_up('lacking / (speed - margin)', 1) }}
    end as years_high,
    edition,
    small_number,
    vintage,
    source,
    is_stale
from judged
