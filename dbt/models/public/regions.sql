-- Each region in each year in which its code was valid.
select
    region_code,
    year,
    region_name,
    region_level,
    official_name,
    name_norwegian,
    name_sami,
    name_kven,
    name_ascii,
    county_code,
    county_name,
    kostra_group,
    centrality_class,
    size_class,
    cast(population as integer) as population,
    valid_from,
    valid_to
from {{ ref('regions_by_year') }}
order by region_code, year
