-- One row per indicator, region and period, for regions whose code was valid that year.
select
    results.indicator_id,
    results.definition_version,
    results.region_code,
    regions.region_name,
    regions.region_level,
    results.period,
    results.numerator,
    results.denominator,
    results.value,
    results.unit,
    results.obs_status,
    results.edition,
    results.series_segment,
    results.interval_low,
    results.interval_high,
    results.vintage,
    results.source,
    results.is_stale
from {{ ref('indicator_results') }} as results
inner join {{ ref('regions_by_year') }} as regions
    on results.region_code = regions.region_code and results.period = regions.year
order by results.indicator_id, results.region_code, results.period
