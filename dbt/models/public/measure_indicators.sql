-- Which indicators can show the effect of which measure.
select
    measure_no,
    indicator_id
from {{ source('catalog', 'measure_indicators') }}
order by measure_no, indicator_id
