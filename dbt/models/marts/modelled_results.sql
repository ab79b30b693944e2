-- Figures of indicators that a model makes, in the columns of indicator_results. A model tells every region and period
-- that it is about, those without a figure with their status.
with of_gap as (
    select
        definitions.indicator_id,
        definitions.definition_version,
        gaps.structure,
        gaps.region_code,
        gaps.period,
        gaps.exact_gap_fte as numerator,
        gaps.denominator,
        case
            when gaps.exact_gap_fte > 0 then {{ round_half_away('gaps.exact_gap_fte', 'definitions.decimals') }}
            when gaps.exact_gap_fte <= 0 then 0
        end as value,
        definitions.unit,
        case
            when gaps.value is null or gaps.exact_gap_fte is not null then gaps.obs_status
            else 'L'
        end as obs_status,
        gaps.edition,
        segments.series_segment,
        cast(null as double) as interval_low,
        cast(null as double) as interval_high,
        cast(null as varchar) as interval_method,
        coalesce(gaps.exact_gap_fte is not null and gaps.denominator < definitions.min_denominator, false)
            as small_number,
        gaps.vintage,
        gaps.source,
        gaps.is_stale
    from {{ ref('gaps') }} as gaps
    inner join {{ source('catalog', 'indicator_models') }} as models
        on gaps.indicator_id = models.of_indicator and models.model = 'gap'
    inner join {{ source('catalog', 'indicators') }} as definitions on models.indicator_id = definitions.indicator_id
    inner join {{ ref('series_segments') }} as segments
        on
            definitions.indicator_id = segments.indicator_id
            and gaps.structure = segments.structure
            and gaps.region_code = segments.region_code
            and left(gaps.period, 4) = segments.year
)

select * from of_gap
union all by name
select * from {{ ref('need_results') }}
