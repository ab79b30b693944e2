-- The municipalities' figures by the groups that they are compared with: a row per figure and group, Oslo not being
-- part of the country without Oslo though it is compared with it.
select
    results.indicator_id,
    results.structure,
    results.period,
    groups.comparator,
    groups.comparator_code,
    results.region_code,
    results.value,
    case when results.value is not null then results.numerator end as numerator,
    case when results.value is not null then results.denominator end as denominator
from {{ ref('indicator_results') }} as results
inner join {{ ref('comparator_groups') }} as groups
    on
        results.structure = groups.structure
        and results.region_code = groups.region_code
        and left(results.period, 4) = groups.year
inner join {{ source('catalog', 'indicator_comparators') }} as choices
    on results.indicator_id = choices.indicator_id and groups.comparator = choices.comparator
where not {{ stands_outside('groups.comparator', 'results.region_code') }}
