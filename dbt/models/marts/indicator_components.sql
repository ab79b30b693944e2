-- Numerator, denominator and published figure of each indicator: the sum of its terms, or nothing at all when
-- one term is missing. A term counts in the years in which it is declared valid.
with wanted as (
    select
        terms.indicator_id,
        terms.role,
        periods.year,
        count(*) as terms
    from {{ source('catalog', 'indicator_terms') }} as terms
    inner join {{ ref('periods') }} as periods on periods.year between terms.valid_from and terms.valid_to
    group by terms.indicator_id, terms.role, periods.year
)

select
    terms.indicator_id,
    terms.role,
    terms.decides,
    observations.structure,
    observations.region_code,
    observations.period,
    case
        when count(observations.value) = any_value(wanted.terms) then {{ summed('terms.sign * observations.value') }}
    end as value,
    {{ combined_status('observations.obs_status', 'count(observations.value) = any_value(wanted.terms)') }}
        as obs_status,
    case
        when bool_or(observations.edition = 'unrevised') then 'unrevised' else max(observations.edition)
    end as edition,
    max(observations.vintage) as vintage,
    any_value(observations.source) as source,
    bool_or(observations.is_stale) as is_stale
from {{ source('catalog', 'indicator_terms') }} as terms
inner join {{ ref('observations') }} as observations
    on
        terms.table_id = observations.table_id
        and terms.measure = observations.measure
        and terms.category = observations.category
        and left(observations.period, 4) between terms.valid_from and terms.valid_to
inner join wanted
    on
        terms.indicator_id = wanted.indicator_id
        and terms.role = wanted.role
        and left(observations.period, 4) = wanted.year
group by
    terms.indicator_id, terms.role, terms.decides, observations.structure, observations.region_code,
    observations.period
