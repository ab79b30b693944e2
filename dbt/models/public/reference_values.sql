-- Published figures, each with its document and line.
select
    ref_id,
    label_nb,
    label_en,
    value,
    unit,
    period,
    region_code,
    kind,
    document,
    line,
    indicator_id,
    indicator_part
from {{ source('catalog', 'reference_values') }}
order by ref_id
