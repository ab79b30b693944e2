-- Each published figure beside our own of the same indicator, region and period, and what to think of the difference.
with beside as (
    select
        reference.* exclude (tolerance),
        cast(reference.tolerance as double) as tolerance,
        definitions.definition_id,
        told.obs_status,
        told.source,
        case reference.indicator_part
            when 'numerator' then told.numerator
            when 'denominator' then told.denominator
            else told.value
        end as own_value
    from {{ source('catalog', 'reference_values') }} as reference
    left join {{ source('catalog', 'indicators') }} as definitions
        on reference.indicator_id = definitions.indicator_id
    left join {{ ref('indicator_results') }} as told
        on
            reference.indicator_id = told.indicator_id
            and reference.region_code = told.region_code
            and reference.period = told.period
            and told.structure = 'as_published'
),

compared as (
    select
        *,
        {{ rounded('own_value - value') }} as difference
    from beside
)

select
    ref_id,
    label_nb,
    label_en,
    value as reference_value,
    unit,
    period,
    region_code,
    kind,
    bound,
    document,
    line,
    evidence,
    indicator_id,
    indicator_part,
    definition_id,
    own_value,
    obs_status,
    source,
    difference,
    {{ rounded('difference / nullif(abs(value), 0)') }} as relative_difference,
    rounding,
    tolerance,
    why_different_nb,
    why_different_en,
    case
        when indicator_id is null then 'no_indicator'
        when own_value is null or value is null then 'not_computed'
        when source = 'demo' and demo_ignores then 'generated'
        when kind = 'bound' and case bound when 'lower' then difference >= 0 else difference <= 0 end
            then 'within_tolerance'
        when kind <> 'bound' and difference = 0 then 'same'
        when abs(difference) <= rounding then 'within_rounding'
        when abs(difference) <= tolerance then 'within_tolerance'
        when why_different_nb is not null then 'differs_as_explained'
        else 'differs'
    end as verdict
from compared
