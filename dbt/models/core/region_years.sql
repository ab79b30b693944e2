-- The regions of each year in both structures: those whose code was valid that year, and today's regions in every year.
select
    'as_published' as structure,
    year,
    region_code,
    region_name,
    region_level,
    listed_by_klass
from {{ ref('regions_by_year') }}
union all
select
    'current' as structure,
    periods.year,
    today.region_code,
    today.region_name,
    today.region_level,
    true as listed_by_klass
from {{ ref('current_regions') }} as today
cross join {{ ref('periods') }} as periods
