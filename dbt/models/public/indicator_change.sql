-- What changes of staff are made of: more or other persons, or larger positions. A row for each part; the parts of one
-- change sum to it.
with named as (
    select
        decomposition_id,
        any_value(kind) as kind,
        any_value(name_nb) as name_nb,
        any_value(name_en) as name_en,
        any_value(of_nb) as of_nb,
        any_value(of_en) as of_en,
        any_value(unit) as unit
    from {{ source('catalog', 'decompositions') }}
    group by decomposition_id
)

select
    parts.decomposition_id,
    named.name_nb,
    named.name_en,
    parts.structure,
    parts.region_code,
    regions.region_name,
    regions.region_level,
    parts.period_from,
    parts.period,
    cast(parts.horizon_years as integer) as horizon_years,
    parts.value_from,
    parts.value,
    parts.total_change,
    parts.component,
    parts.part,
    named.unit,
    parts.crosses_break,
    case when parts.crosses_break then 'Kan ikke sammenlignes: ' || parts.break_nb else {{ part_in_words('nb') }} end
        as words_nb,
    case when parts.crosses_break then 'Cannot be compared: ' || parts.break_en else {{ part_in_words('en') }} end
        as words_en,
    parts.obs_status,
    parts.vintage,
    parts.source,
    parts.is_stale
from {{ ref('staff_changes') }} as parts
inner join named on parts.decomposition_id = named.decomposition_id
inner join {{ ref('region_years') }} as regions
    on
        parts.structure = regions.structure
        and parts.region_code = regions.region_code
        and left(parts.period, 4) = regions.year
order by parts.decomposition_id, parts.region_code, parts.period, parts.horizon_years, parts.component
