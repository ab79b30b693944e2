-- Three years of each indicator that has an interval, as one figure, in today's structure.
select
    windows.indicator_id,
    windows.definition_version,
    windows.structure,
    windows.region_code,
    regions.region_name,
    regions.region_level,
    windows.first_period,
    windows.last_period,
    windows.years_used,
    windows.numerator,
    windows.denominator,
    windows.value,
    windows.unit,
    windows.obs_status,
    windows.series_segment,
    windows.interval_low,
    windows.interval_high,
    windows.interval_method,
    windows.small_number,
    windows.vintage,
    windows.source,
    windows.is_stale
from {{ ref('rolling') }} as windows
inner join {{ ref('region_years') }} as regions
    on
        windows.structure = regions.structure
        and windows.region_code = regions.region_code
        and windows.last_period = regions.year
order by windows.indicator_id, windows.region_code, windows.last_period
