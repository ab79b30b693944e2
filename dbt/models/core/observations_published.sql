-- Generated from schemas/ by `make generate`: edit there, not here.
select
    '09429' as table_id,
    measure,
    category,
    region_code,
    region_label,
    period,
    unit,
    value,
    obs_status,
    edition,
    vintage,
    source,
    is_stale
from {{ ref('stg_ssb_09429') }}
where structure = 'as_published' and category is not null
union all
select
    '11643' as table_id,
    measure,
    category,
    region_code,
    region_label,
    period,
    unit,
    value,
    obs_status,
    edition,
    vintage,
    source,
    is_stale
from {{ ref('stg_ssb_11643') }}
where structure = 'as_published' and category is not null
union all
select
    '11645' as table_id,
    measure,
    category,
    region_code,
    region_label,
    period,
    unit,
    value,
    obs_status,
    edition,
    vintage,
    source,
    is_stale
from {{ ref('stg_ssb_11645') }}
where structure = 'as_published' and category is not null
union all
select
    '11658' as table_id,
    measure,
    category,
    region_code,
    region_label,
    period,
    unit,
    value,
    obs_status,
    edition,
    vintage,
    source,
    is_stale
from {{ ref('stg_ssb_11658') }}
where structure = 'as_published' and category is not null
union all
select
    '11875' as table_id,
    measure,
    category,
    region_code,
    region_label,
    period,
    unit,
    value,
    obs_status,
    edition,
    vintage,
    source,
    is_stale
from {{ ref('stg_ssb_11875') }}
where structure = 'as_published' and category is not null
union all
select
    '11924' as table_id,
    measure,
    category,
    region_code,
    region_label,
    period,
    unit,
    value,
    obs_status,
    edition,
    vintage,
    source,
    is_stale
from {{ ref('stg_ssb_11924') }}
where structure = 'as_published' and category is not null
union all
select
    '11996' as table_id,
    measure,
    category,
    region_code,
    region_label,
    period,
    unit,
    value,
    obs_status,
    edition,
    vintage,
    source,
    is_stale
from {{ ref('stg_ssb_11996') }}
where structure = 'as_published' and category is not null
union all
select
    '12003' as table_id,
    measure,
    category,
    region_code,
    region_label,
    period,
    unit,
    value,
    obs_status,
    edition,
    vintage,
    source,
    is_stale
from {{ ref('stg_ssb_12003') }}
where structure = 'as_published' and category is not null
union all
select
    '12191' as table_id,
    measure,
    category,
    region_code,
    region_label,
    period,
    unit,
    value,
    obs_status,
    edition,
    vintage,
    source,
    is_stale
from {{ ref('stg_ssb_12191') }}
where structure = 'as_published' and category is not null
union all
select
    '12209' as table_id,
    measure,
    category,
    region_code,
    region_label,
    period,
    unit,
    value,
    obs_status,
    edition,
    vintage,
    source,
    is_stale
from {{ ref('stg_ssb_12209') }}
where structure = 'as_published' and category is not null
union all
select
    '12292' as table_id,
    measure,
    category,
    region_code,
    region_label,
    period,
    unit,
    value,
    obs_status,
    edition,
    vintage,
    source,
    is_stale
from {{ ref('stg_ssb_12292') }}
where structure = 'as_published' and category is not null
union all
select
    '12293' as table_id,
    measure,
    category,
    region_code,
    region_label,
    period,
    unit,
    value,
    obs_status,
    edition,
    vintage,
    source,
    is_stale
from {{ ref('stg_ssb_12293') }}
where structure = 'as_published' and category is not null
union all
select
    '12362' as table_id,
    measure,
    category,
    region_code,
    region_label,
    period,
    unit,
    value,
    obs_status,
    edition,
    vintage,
    source,
    is_stale
from {{ ref('stg_ssb_12362') }}
where structure = 'as_published' and category is not null
union all
select
    '12367' as table_id,
    measure,
    category,
    region_code,
    region_label,
    period,
    unit,
    value,
    obs_status,
    edition,
    vintage,
    source,
    is_stale
from {{ ref('stg_ssb_12367') }}
where structure = 'as_published' and category is not null
union all
select
    '12441' as table_id,
    measure,
    category,
    region_code,
    region_label,
    period,
    unit,
    value,
    obs_status,
    edition,
    vintage,
    source,
    is_stale
from {{ ref('stg_ssb_12441') }}
where structure = 'as_published' and category is not null
union all
select
    '12451' as table_id,
    measure,
    category,
    region_code,
    region_label,
    period,
    unit,
    value,
    obs_status,
    edition,
    vintage,
    source,
    is_stale
from {{ ref('stg_ssb_12451') }}
where structure = 'as_published' and category is not null
union all
select
    '14533' as table_id,
    measure,
    category,
    region_code,
    region_label,
    period,
    unit,
    value,
    obs_status,
    edition,
    vintage,
    source,
    is_stale
from {{ ref('stg_ssb_14533') }}
where structure = 'as_published' and category is not null
union all
select
    '14534' as table_id,
    measure,
    category,
    region_code,
    region_label,
    period,
    unit,
    value,
    obs_status,
    edition,
    vintage,
    source,
    is_stale
from {{ ref('stg_ssb_14534') }}
where structure = 'as_published' and category is not null
union all
select
    '14789' as table_id,
    measure,
    category,
    region_code,
    region_label,
    period,
    unit,
    value,
    obs_status,
    edition,
    vintage,
    source,
    is_stale
from {{ ref('stg_ssb_14789') }}
where structure = 'as_published' and category is not null
