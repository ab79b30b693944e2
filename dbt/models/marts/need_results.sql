-- Indicators of method model, model need: the growth that the plan names for the years since its base year, less the
-- growth that came. Only the country, which is what the plan speaks of, and nothing across a break of its FTEs.
with needs as (
    select
        *,
        cast(base_year as integer) as base_number,
        cast(target_year as integer) as target_number
    from {{ source('catalog', 'needs') }}
),

wanted as (
    select count(*) as terms
    from {{ source('catalog', 'need_terms') }}
    where role = 'fte'
),

counted as (
    select
        observations.structure,
        observations.region_code,
        observations.period,
        case when count(observations.value) = any_value(wanted.terms) then {{ summed('observations.value') }} end
            as fte,
        {{ combined_status('observations.obs_status', 'count(observations.value) = any_value(wanted.terms)') }}
            as obs_status,
        max(observations.edition) as edition,
        max(observations.vintage) as vintage,
        any_value(observations.source) as source,
        bool_or(observations.is_stale) as is_stale
    from {{ source('catalog', 'need_terms') }} as terms
    cross join wanted
    inner join {{ ref('observations') }} as observations
        on
            terms.table_id = observations.table_id
            and terms.measure = observations.measure
            and terms.category = observations.category
    where terms.role = 'fte' and observations.region_code = 'EAK'
    group by observations.structure, observations.region_code, observations.period
),

grown as (
    select
        counted.*,
        segments.indicator_id,
        segments.series_segment,
        segments.series_segment = first_segments.series_segment as may_be_compared,
        needs.growth
        * (cast(counted.period as integer) - needs.base_number)
        / (needs.target_number - needs.base_number) as needed,
        case when may_be_compared then counted.fte - base.fte end as grown,
        base.obs_status as base_status
    from counted
    cross join needs
    inner join counted as base
        on
            counted.structure = base.structure
            and counted.region_code = base.region_code
            and needs.base_year = base.period
    inner join {{ source('catalog', 'indicators') }} as definitions on definitions.model = 'need'
    inner join {{ ref('series_segments') }} as segments
        on
            definitions.indicator_id = segments.indicator_id
            and counted.structure = segments.structure
            and counted.region_code = segments.region_code
            and counted.period = segments.year
    inner join {{ ref('series_segments') }} as first_segments
        on
            definitions.indicator_id = first_segments.indicator_id
            and counted.structure = first_segments.structure
            and counted.region_code = first_segments.region_code
            and needs.base_year = first_segments.year
    where counted.period between needs.base_year and needs.target_year
)

select
    definitions.indicator_id,
    definitions.definition_version,
    grown.structure,
    grown.region_code,
    grown.period,
    grown.needed as numerator,
    grown.grown as denominator,
    {{ round_half_away('grown.needed - grown.grown', 'definitions.decimals') }} as value,
    definitions.unit,
    case
        when grown.grown is not null and 'P' in (grown.obs_status, grown.base_status) then 'P'
        when grown.grown is not null then 'D'
        when not grown.may_be_compared then 'L'
        when 'C' in (grown.obs_status, grown.base_status) then 'C'
        else 'M'
    end as obs_status,
    grown.edition,
    grown.series_segment,
    cast(null as double) as interval_low,
    cast(null as double) as interval_high,
    cast(null as varchar) as interval_method,
    false as small_number,
    grown.vintage,
    grown.source,
    grown.is_stale
from grown
inner join {{ source('catalog', 'indicators') }} as definitions on grown.indicator_id = definitions.indicator_id
