-- Generated from schemas/ by `make generate`: edit there, not here.
select
    'upload_apprentices' as table_id,
    measure,
    route as category,
    region_code,
    region_label,
    period,
    unit,
    value,
    {{ obs_status('value', 'symbol', 'false', 'cast(null as varchar)') }} as obs_status,
    cast(null as varchar) as edition,
    vintage,
    source,
    is_stale
from {{ source('typed', 'upload_apprentices') }}
union all
select
    'upload_competence_plan' as table_id,
    measure,
    '' as category,
    region_code,
    region_label,
    period,
    unit,
    value,
    {{ obs_status('value', 'symbol', 'false', 'cast(null as varchar)') }} as obs_status,
    cast(null as varchar) as edition,
    vintage,
    source,
    is_stale
from {{ source('typed', 'upload_competence_plan') }}
union all
select
    'upload_fulltime' as table_id,
    measure,
    staff_group as category,
    region_code,
    region_label,
    period,
    unit,
    value,
    {{ obs_status('value', 'symbol', 'false', 'cast(null as varchar)') }} as obs_status,
    cast(null as varchar) as edition,
    vintage,
    source,
    is_stale
from {{ source('typed', 'upload_fulltime') }}
union all
select
    'upload_grants' as table_id,
    measure,
    scheme as category,
    region_code,
    region_label,
    period,
    unit,
    value,
    {{ obs_status('value', 'symbol', 'false', 'cast(null as varchar)') }} as obs_status,
    cast(null as varchar) as edition,
    vintage,
    source,
    is_stale
from {{ source('typed', 'upload_grants') }}
union all
select
    'upload_leader_span' as table_id,
    measure,
    '' as category,
    region_code,
    region_label,
    period,
    unit,
    value,
    {{ obs_status('value', 'symbol', 'false', 'cast(null as varchar)') }} as obs_status,
    cast(null as varchar) as edition,
    vintage,
    source,
    is_stale
from {{ source('typed', 'upload_leader_span') }}
union all
select
    'upload_practice' as table_id,
    measure,
    study as category,
    region_code,
    region_label,
    period,
    unit,
    value,
    {{ obs_status('value', 'symbol', 'false', 'cast(null as varchar)') }} as obs_status,
    cast(null as varchar) as edition,
    vintage,
    source,
    is_stale
from {{ source('typed', 'upload_practice') }}
union all
select
    'upload_sickness' as table_id,
    measure,
    education || '|' || absence_type as category,
    region_code,
    region_label,
    period,
    unit,
    value,
    {{ obs_status('value', 'symbol', 'false', 'cast(null as varchar)') }} as obs_status,
    cast(null as varchar) as edition,
    vintage,
    source,
    is_stale
from {{ source('typed', 'upload_sickness') }}
union all
select
    'upload_staff' as table_id,
    measure,
    education as category,
    region_code,
    region_label,
    period,
    unit,
    value,
    {{ obs_status('value', 'symbol', 'false', 'cast(null as varchar)') }} as obs_status,
    cast(null as varchar) as edition,
    vintage,
    source,
    is_stale
from {{ source('typed', 'upload_staff') }}
union all
select
    'upload_turnover' as table_id,
    measure,
    staff_group as category,
    region_code,
    region_label,
    period,
    unit,
    value,
    {{ obs_status('value', 'symbol', 'false', 'cast(null as varchar)') }} as obs_status,
    cast(null as varchar) as edition,
    vintage,
    source,
    is_stale
from {{ source('typed', 'upload_turnover') }}
