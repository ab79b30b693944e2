-- Every year that some figure is about, and the first year of today's municipalities, should no figure reach it yet.
-- An upload adds years after the first that the source tells; what it says of earlier ones has no regions to stand on.
with told as (
    select distinct cast(left(period, 4) as integer) as year_number
    from {{ ref('observations_published') }}
    union
    select distinct cast(left(period, 4) as integer)
    from {{ ref('stg_ssb_07459') }}
),

found as (
    select year_number
    from told
    union
    select distinct cast(left(uploaded.period, 4) as integer)
    from {{ ref('observations_uploaded') }} as uploaded
    where cast(left(uploaded.period, 4) as integer) > (select min(told.year_number) from told)
),

-- The first 1 January on which all of today's codes are valid.
today as (
    select cast(extract(year from max(valid_from) - interval 1 day) as integer) + 1 as year_number
    from {{ source('typed', 'klass_131_codes') }}
    where valid_to is null
),

needed as (
    select year_number from found
    union
    select today.year_number
    from today
    where today.year_number > (select max(found.year_number) from found)
)

select
    cast(year_number as varchar) as period,
    cast(year_number as varchar) as year,
    make_date(year_number, 1, 1) as period_start
from needed
