-- What each source table is, which vintage stands, and whether it is current.
select
    table_id,
    table_name,
    title_nb,
    title_en,
    state,
    vintage,
    fetched_at,
    rows,
    cells,
    periods,
    first_period,
    last_period,
    source,
    licence,
    attribution_nb,
    attribution_en,
    url
from {{ source('catalog', 'source_tables') }}
order by table_id
