-- What each vintage changed in the one before it, night by night; a night without rows changed nothing.
select
    accepted_at,
    table_id,
    table_name,
    vintage,
    kind,
    measure,
    period,
    size,
    cast(cells as integer) as cells,
    region_code,
    value_before,
    value_after,
    text_before,
    text_after
from {{ source('catalog', 'changes') }}
order by accepted_at, table_id, kind, period, measure
