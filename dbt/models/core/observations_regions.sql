-- Each municipality counted once in each year in which its code was valid, in the form of observations, so that a share
-- of municipalities has a denominator. It is no figure of a source and has none: an indicator's source is that of its
-- other side.
select
    'regions' as table_id,
    'municipalities' as measure,
    '' as category,
    region_code,
    region_name as region_label,
    year as period,
    'kommuner' as unit,
    cast(1 as double) as value,
    'A' as obs_status,
    cast(null as varchar) as edition,
    cast(null as timestamptz) as vintage,
    cast(null as varchar) as source,
    false as is_stale
from {{ ref('regions_by_year') }}
where region_level = 'municipality' and listed_by_klass
