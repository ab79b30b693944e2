-- The seventeen measures of the Directorate of Health.
select
    measure_no,
    summary_nb,
    summary_en,
    target_group_nb,
    target_group_en,
    level_nb,
    level_en,
    status_nb,
    status_en,
    status_date,
    chapter
from {{ source('catalog', 'measures') }}
order by measure_no
