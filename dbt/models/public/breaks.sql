-- Breaks of source series: a row for each series and region level concerned, with what is done about it.
select
    break_id,
    table_id,
    measure,
    region_level,
    period_from,
    period_to,
    vintage_to,
    kind,
    treatment,
    name_nb,
    name_en,
    reason_nb,
    reason_en,
    source,
    evidence
from {{ source('catalog', 'breaks') }}
order by coalesce(period_to, vintage_to), break_id, table_id, measure, region_level
