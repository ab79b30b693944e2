-- Every year that some figure is about, and the year after (populations at year end reach into it).
with found as (
    select distinct cast(left(period, 4) as integer) as year_number
    from {{ ref('observations_published') }}
    union
    select distinct cast(left(period, 4) as integer)
    from {{ ref('stg_ssb_07459') }}
)

select
    cast(year_number as varchar) as period,
    cast(year_number as varchar) as year,
    make_date(year_number, 1, 1) as period_start
from found
