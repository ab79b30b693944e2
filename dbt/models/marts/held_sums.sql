-- Totals beside their parts: areas and their municipalities, and categories that add up. Only totals of which every
-- part is a figure, so that no hidden one can be worked out. The tolerance is half a unit of the last decimal for each
-- figure. must_hold: a difference beyond it is an error, and not where the source estimates what it tells of an area.
with published as (
    select
        table_id,
        measure,
        category,
        region_code,
        period,
        value,
        unit,
        source
    from {{ ref('observations_published') }}
    union all
    select
        table_id,
        measure,
        category,
        region_code,
        period,
        value,
        unit,
        source
    from {{ ref('observations_population') }}
),

measured as (
    select
        published.*,
        measures.half_unit,
        measures.areas_are_sums
    from published
    inner join {{ source('catalog', 'table_measures') }} as measures
        on published.table_id = measures.table_id and published.measure = measures.measure and measures.additive
    where measures.half_unit is not null
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
        'municipalities' as reason,
        whole.table_id,
        whole.measure,
        whole.category,
        whole.region_code,
        whole.period,
        any_value(whole.value) as value,
        sum(parts.value) as parts_sum,
        any_value(whole.half_unit) * (any_value(sizes.parts) + 1) as tolerance,
        bool_and(whole.areas_are_sums) as must_hold,
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
        'categories' as reason,
        whole.table_id,
        whole.measure,
        whole.category,
        whole.region_code,
        whole.period,
        any_value(whole.value) as value,
        sum(parts.value) as parts_sum,
        any_value(whole.half_unit) * (any_value(totals.parts) + 1) as tolerance,
        bool_and(whole.areas_are_sums or {{ region_level('whole.region_code') }} = 'municipality') as must_hold,
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
    reason,
    table_id,
    measure,
    category,
    region_code,
    {{ region_level('region_code') }} as region_level,
    period,
    value,
    {{ rounded('parts_sum') }} as parts_sum,
    {{ rounded('value - parts_sum') }} as difference,
    tolerance,
    must_hold,
    unit,
    source
from held
