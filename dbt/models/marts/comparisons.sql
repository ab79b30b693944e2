-- Each municipality's figure beside those of its groups, and beside its own of the year before.
with figures as (
    select
        results.*,
        definitions.method,
        definitions.decimals,
        definitions.multiplier,
        definitions.interval_method as declared_interval
    from {{ ref('indicator_results') }} as results
    inner join {{ source('catalog', 'indicators') }} as definitions on results.indicator_id = definitions.indicator_id
),

own as (
    select *
    from figures
    where {{ region_level('region_code') }} = 'municipality' and value is not null
),

beside_groups as (
    select
        own.*,
        groups.comparator,
        groups.comparator_code,
        groups.comparator_name,
        peers.left_out,
        peers.units,
        peers.units_missing,
        peers.quartiles,
        peers.numerator as peer_numerator,
        peers.denominator as peer_denominator,
        case
            when own.method in ('published', 'growth') or peers.left_out is null then areas.value
        end as area_value,
        areas.numerator as area_numerator,
        areas.denominator as area_denominator,
        areas.obs_status as area_status,
        (peers.left_out is null or area_value is not null)
        and not {{ stands_outside('groups.comparator', 'own.region_code') }} as is_part_of_it
    from own
    inner join {{ ref('comparator_groups') }} as groups
        on
            own.structure = groups.structure
            and own.region_code = groups.region_code
            and left(own.period, 4) = groups.year
    inner join {{ ref('peer_statistics') }} as peers
        on
            own.indicator_id = peers.indicator_id
            and own.structure = peers.structure
            and own.period = peers.period
            and groups.comparator = peers.comparator
            and groups.comparator_code = peers.comparator_code
            and coalesce(peers.left_out, own.region_code) = own.region_code
    left join figures as areas
        on
            own.indicator_id = areas.indicator_id
            and own.structure = areas.structure
            and own.period = areas.period
            and groups.comparator_code = areas.region_code
),

-- An amount is told beside the others' median alone: the sum of a group is no figure to hold a municipality against.
weighed as (
    select
        *,
        case
            when method = 'amount' then null
            when area_value is not null then area_value
            when method = 'ratio' then peer_numerator / nullif(peer_denominator, 0) * multiplier
        end as exact_comparison,
        case
            when method = 'amount' then null
            when area_value is not null and area_status = 'D' then 'summed'
            when area_value is not null then 'source'
            when method = 'ratio' and peer_denominator <> 0 then 'weighted'
        end as basis,
        case when area_value is null then peer_numerator else area_numerator end as whole_numerator,
        case when area_value is null then peer_denominator else area_denominator end as whole_denominator,
        whole_numerator - case when is_part_of_it then numerator else 0 end as other_numerator,
        whole_denominator - case when is_part_of_it then denominator else 0 end as other_denominator
    from beside_groups
),

beside_itself as (
    select
        own.*,
        'own_history' as comparator,
        own.region_code as comparator_code,
        earlier.period as comparator_name,
        cast(null as varchar) as left_out,
        1 as units,
        0 as units_missing,
        earlier.value as exact_comparison,
        'earlier' as basis,
        earlier.numerator as other_numerator,
        earlier.denominator as other_denominator,
        earlier.numerator as whole_numerator,
        earlier.denominator as whole_denominator
    from own
    inner join own as earlier
        on
            own.indicator_id = earlier.indicator_id
            and own.structure = earlier.structure
            and own.region_code = earlier.region_code
            and own.series_segment = earlier.series_segment
            and {{ years_before('own.period', 1) }} = earlier.period
    inner join {{ source('catalog', 'indicator_comparators') }} as choices
        on own.indicator_id = choices.indicator_id and choices.comparator = 'own_history'
),

compared as (
    select
        * exclude (
            area_value, area_numerator, area_denominator, area_status, peer_numerator, peer_denominator, is_part_of_it
        )
    from weighed
    union all by name
    select *
    from beside_itself
),

-- Two shares of persons are held against each other; everything else has no chance variation that is known here.
judged as (
    select
        *,
        declared_interval = 'wilson'
        and basis is not null
        and numerator between 0 and denominator
        and denominator > 0
        and other_numerator between 0 and other_denominator
        and other_denominator > 0 as can_be_judged
    from compared
),

bounded as (
    select
        *,
        case when can_be_judged then numerator / denominator end as share,
        case when can_be_judged then other_numerator / other_denominator end as other_share,
        case when can_be_judged then other_denominator / whole_denominator end as others_of_whole,
        case when can_be_judged then {{ wilson('numerator', 'denominator', '-') }} end as low,
        case when can_be_judged then {{ wilson('numerator', 'denominator', '+') }} end as high,
        case when can_be_judged then {{ wilson('other_numerator', 'other_denominator', '-') }} end as other_low,
        case when can_be_judged then {{ wilson('other_numerator', 'other_denominator', '+') }} end as other_high
    from judged
),

-- The difference is that of the figures before they were rounded. To a whole that the municipality is part of it is the
-- one to the others times their part of the whole, and so are its bounds.
differing as (
    select
        *,
        case
            when exact_comparison is null then null
            when method = 'ratio' and whole_denominator <> 0
                then (numerator / denominator - whole_numerator / whole_denominator) * multiplier
            else value - exact_comparison
        end as exact_difference,
        {{ round_down(newcombe('-') ~ ' * others_of_whole * multiplier', 'decimals + 1') }} + 0.0 as difference_low,
        {{ round_up(newcombe('+') ~ ' * others_of_whole * multiplier', 'decimals + 1') }} + 0.0 as difference_high
    from bounded
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
    comparator,
    comparator_code,
    comparator_name,
    {{ round_half_away('exact_comparison', 'decimals') }} as comparator_value,
    basis,
    {{ round_half_away('exact_difference', 'decimals + 1') }} + 0.0 as difference,
    exact_difference,
    difference_low,
    difference_high,
    difference_low > 0 or difference_high < 0 as beyond_chance,
    {{ round_half_away('quartiles[1]', 'decimals') }} as quartile_low,
    {{ round_half_away('quartiles[2]', 'decimals') }} as median,
    {{ round_half_away('quartiles[3]', 'decimals') }} as quartile_high,
    cast(units as integer) as units,
    cast(units_missing as integer) as units_missing,
    left_out is not null as leaves_out_itself,
    vintage,
    source,
    is_stale
from differing
