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
    bound,
    document,
    line,
    evidence,
    indicator_id,
    indicator_part,
    rounding,
    cast(tolerance as double) as tolerance,
    why_different_nb,
    why_different_en,
    demo_ignores
from {{ source('catalog', 'reference_values') }}
order by ref_id
