-- Which published code had exactly the area of one of today's regions that year, so that every figure carries over.
with areas as (
    select
        structure,
        year,
        area_code,
        {{ area_kind('area_code') }} as kind,
        string_agg(region_code, '+' order by region_code) as members
    from {{ ref('area_members') }}
    group by structure, year, area_code
)

select
    today.year,
    today.area_code as region_code,
    published.area_code as published_code
from areas as today
inner join areas as published
    on today.year = published.year and today.kind = published.kind and today.members = published.members
where today.structure = 'current' and published.structure = 'as_published'
