-- Each municipality's figure beside the country, its county, its groups and its own year before.
select
    compared.indicator_id,
    compared.definition_version,
    compared.structure,
    compared.region_code,
    regions.region_name,
    compared.period,
    compared.series_segment,
    compared.value,
    compared.unit,
    compared.obs_status,
    compared.comparator,
    compared.comparator_code,
    compared.comparator_name,
    compared.comparator_value,
    compared.basis,
    compared.difference,
    compared.difference_low,
    compared.difference_high,
    compared.beyond_chance,
    compared.quartile_low,
    compared.median,
    compared.quartile_high,
    compared.units,
    compared.units_missing,
    compared.leaves_out_itself,
    compared.vintage,
    compared.source,
    compared.is_stale
from {{ ref('comparisons') }} as compared
inner join {{ ref('region_years') }} as regions
    on
        compared.structure = regions.structure
        and compared.region_code = regions.region_code
        and left(compared.period, 4) = regions.year
order by compared.structure, compared.indicator_id, compared.region_code, compared.period, compared.comparator
