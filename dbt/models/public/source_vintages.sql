-- Each vintage of each source table: since when it held, and what was refused or accepted by a person, and why.
select
    table_id,
    table_name,
    vintage_id,
    vintage,
    state,
    valid_from,
    valid_to,
    accepted_at,
    cast(rows as integer) as rows,
    because,
    overruled_by
from {{ source('catalog', 'vintages') }}
order by table_id, vintage
