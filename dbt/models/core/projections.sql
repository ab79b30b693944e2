-- Projected population by age band on 1 January, today's regions; nothing where a sex or an age of the band is absent.
-- Nothing else is made of it: a year to come is no period of the observations.
select
    projected.region_code,
    projected.period as year,
    bands.band,
    case when count(projected.value) = any_value(bands.cells) then sum(projected.value) end as persons,
    {{ combined_status('projected.obs_status', 'count(projected.value) = any_value(bands.cells)') }} as obs_status,
    max(projected.vintage) as vintage,
    any_value(projected.source) as source,
    bool_or(projected.is_stale) as is_stale
from {{ ref('stg_ssb_14746') }} as projected
inner join {{ source('catalog', 'age_bands') }} as bands
    on
        bands.table_id = '14746'
        and try_cast(left(projected.age, 3) as integer) between bands.first_age and bands.last_age
where projected.measure = 'persons'
group by projected.region_code, projected.period, bands.band
