-- Numerator, denominator and published figure of each indicator: the sum of its terms, or nothing at all when
-- one term is missing.
with wanted as (
    select
        indicator_id,
        role,
        count(*) as terms
    from {{ source('catalog', 'indicator_terms') }}
    group by indicator_id, role
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
inner join wanted on terms.indicator_id = wanted.indicator_id and terms.role = wanted.role
inner join {{ ref('observations') }} as observations
    on
        terms.table_id = observations.table_id
        and terms.measure = observations.measure
        and terms.category = observations.category
group by
    terms.indicator_id, terms.role, terms.decides, observations.structure, observations.region_code,
    observations.period
