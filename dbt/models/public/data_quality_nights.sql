-- Quality of the data night by night: of earlier nights from their record, of tonight from this build. Numerators and
-- denominators are summed over measures, levels and periods, and the value is made of the sums; rates are not averaged.
with told as (
    select
        * exclude (unit),
        case when quality_id = 'DQ-04' then 'prosent' else unit end as unit,
        case
            when reason = 'mean_absolute_revision' or quality_id = 'DQ-05' then 1
            else 100
        end as factor
    from {{ ref('data_quality') }}
),

tonight as (
    select
        quality_id,
        indicator_id,
        table_id,
        reason,
        {{ summed('numerator') }} as numerator,
        {{ summed('denominator') }} as denominator,
        {{ rounded('factor * sum(numerator) / sum(denominator)') }} as value,
        unit,
        source
    from told
    group by quality_id, indicator_id, table_id, reason, factor, unit, source
)

select
    night.night_id,
    night.night,
    tonight.*
from tonight
cross join {{ source('catalog', 'night') }} as night
union all
select earlier.*
from {{ source('catalog', 'quality_nights') }} as earlier
where earlier.night_id not in (select night.night_id from {{ source('catalog', 'night') }} as night)
order by night_id, quality_id, indicator_id, table_id, reason, source
