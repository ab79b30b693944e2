-- Regions whose area in a year is the same as in the year before, so that the two may be compared.
with crossed_counties as (
    select
        unnest(['EKA' || left(old_code, 2), 'EKA' || left(new_code, 2)]) as county_code,
        changed_on
    from {{ source('typed', 'klass_131_changes') }}
    where left(old_code, 2) <> left(new_code, 2)
)

select
    regions.region_code,
    regions.year
from {{ ref('regions_by_year') }} as regions
inner join {{ ref('regions_by_year') }} as before
    on
        regions.region_code = before.region_code
        and cast(regions.year as integer) = cast(before.year as integer) + 1
left join {{ ref('area_changes') }} as changes
    on
        regions.region_code = changes.region_code
        and changes.changed_on = make_date(cast(regions.year as integer), 1, 1)
left join crossed_counties as crossed
    on
        regions.region_code = crossed.county_code
        and crossed.changed_on = make_date(cast(regions.year as integer), 1, 1)
where
    changes.region_code is null
    and crossed.county_code is null
    and not (regions.region_level = 'kostra_group' and regions.year = '2020')
group by regions.region_code, regions.year
