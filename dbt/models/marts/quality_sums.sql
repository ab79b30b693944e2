-- DQ-04: the largest difference between a total and its parts: areas and their municipalities, and categories that add
-- up. Only totals of which every part is a figure; the tolerance is half a unit of the last decimal for each of them.
with measured as (
    select
        published.*,
        pow(10, -measures.decimals) / 2 as half_unit
    from {{ ref('observations_published') }} as published
    inner join {{ source('catalog', 'table_measures') }} as measures
        on published.table_id = measures.table_id and published.measure = measures.measure and measures.additive
    where measures.decimals is not null
),

sizes as (
    select
        year,
        area_code,
        count(*) as parts
    from {{ ref('area_members') }}
    where structure = 'as_published'
    group by year, area_code
),

areas as (
    select
        whole.table_id,
        whole.measure,
        whole.period,
        {{ region_level('whole.region_code') }} as region_level,
        'municipalities' as reason,
        abs(any_value(whole.value) - sum(parts.value)) as difference,
        any_value(whole.half_unit) * (any_value(sizes.parts) + 1) as tolerance,
        any_value(whole.unit) as unit,
        any_value(whole.source) as source
    from measured as whole
    inner join {{ ref('area_members') }} as members
        on
            whole.region_code = members.area_code
            and left(whole.period, 4) = members.year
            and members.structure = 'as_published'
            and members.area_code <> members.region_code
    inner join sizes on members.area_code = sizes.area_code and members.year = sizes.year
    inner join measured as parts
        on
            whole.table_id = parts.table_id
            and whole.measure = parts.measure
            and whole.category = parts.category
            and whole.period = parts.period
            and members.region_code = parts.region_code
    where whole.value is not null
    group by whole.table_id, whole.measure, whole.category, whole.period, whole.region_code
    having count(parts.value) = any_value(sizes.parts)
),

categories as (
    select
        whole.table_id,
        whole.measure,
        whole.period,
        {{ region_level('whole.region_code') }} as region_level,
        'categories' as reason,
        abs(any_value(whole.value) - sum(parts.value)) as difference,
        any_value(whole.half_unit) * (any_value(totals.parts) + 1) as tolerance,
        any_value(whole.unit) as unit,
        any_value(whole.source) as source
    from measured as whole
    inner join {{ source('catalog', 'category_parts') }} as totals
        on whole.table_id = totals.table_id and whole.category = totals.total
    inner join measured as parts
        on
            whole.table_id = parts.table_id
            and whole.measure = parts.measure
            and totals.part = parts.category
            and whole.period = parts.period
            and whole.region_code = parts.region_code
    where whole.value is not null
    group by whole.table_id, whole.measure, whole.category, whole.period, whole.region_code
    having count(parts.value) = any_value(totals.parts)
),

held as (
    select * from areas
    union all
    select * from categories
)

select
    'DQ-04' as quality_id,
    cast(null as varchar) as indicator_id,
    table_id,
    measure,
    region_level,
    period,
    reason,
    count(*) filter (where difference > tolerance + 1e-6) as numerator,
    count(*) as denominator,
    max(difference) as exact_value,
    any_value(unit) as unit,
    max(tolerance) as tolerance,
    any_value(source) as source
from held
group by table_id, measure, region_level, period, reason
