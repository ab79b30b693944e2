-- Figures that no table of a source gives, in the form of observations: those printed in documents that are points of a
-- series, and the number of municipalities. They have no vintage: a document is printed once. Printed years before
-- those of the sources have no regions here and are left to the reference values.
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
where period in (select periods.period from {{ ref('periods') }} as periods)
union all by name
select * from {{ ref('observations_regions') }}
