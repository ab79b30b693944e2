-- Figures printed in documents that are points of a series, in the form of observations, for years that some table
-- covers: regions are known for those. They have no vintage: a document is printed once.
select
    table_id,
    measure,
    category,
    region_code,
    'Landet' as region_label,
    period,
    unit,
    value,
    'A' as obs_status,
    cast(null as varchar) as edition,
    cast(null as timestamptz) as vintage,
    'document' as source,
    false as is_stale
from {{ source('catalog', 'document_observations') }}
where left(period, 4) in (select periods.year from {{ ref('periods') }} as periods)
