-- How far each municipality is from the declared reference, how many FTE that is, and how many years it takes at the
-- present pace.
select
    gaps.indicator_id,
    gaps.indicator_id || ':' || cast(gaps.definition_version as varchar) as definition_id,
    gaps.structure,
    gaps.region_code,
    regions.region_name,
    gaps.period,
    gaps.series_segment,
    gaps.value,
    gaps.unit,
    gaps.obs_status,
    gaps.target_comparator as comparator,
    gaps.comparator_code,
    gaps.comparator_name,
    gaps.target_statistic as statistic,
    gaps.reference_value,
    gaps.target_origin_nb as reference_origin_nb,
    gaps.target_origin_en as reference_origin_en,
    gaps.gap,
    case when gaps.unit = 'prosent' then gaps.gap end as gap_pp,
    {{ round_half_away('gaps.exact_gap_fte', 1) }} + 0.0 as gap_fte,
    gaps.is_behind,
    gaps.trend_years,
    gaps.pace,
    gaps.pace_low,
    gaps.pace_high,
    gaps.years_to_reference,
    gaps.years_low,
    gaps.years_high,
    gaps.outlook,
    {{ outlook_in_words('nb') }} as outlook_nb,
    {{ outlook_in_words('en') }} as outlook_en,
    gaps.small_number,
    gaps.vintage,
    gaps.source,
    gaps.is_stale
from {{ ref('gaps') }} as gaps
inner join {{ ref('region_years') }} as regions
    on
        gaps.structure = regions.structure
        and gaps.region_code = regions.region_code
        and left(gaps.period, 4) = regions.year
where gaps.structure = 'current' and regions.region_level = 'municipality'
order by gaps.indicator_id, gaps.region_code, gaps.period
