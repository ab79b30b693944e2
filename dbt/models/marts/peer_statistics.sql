-- What the municipalities of a group say together: sums for a weighted figure, median and quartiles, and how many stand
-- behind it. A sum is told only where nearly all of them have figures. Groups of few municipalities are told once for
-- each member, without it; `left_out` is then its code.
with limits as (
    select
        max(leave_out_below) as leave_out_below,
        max(quartiles_from) as quartiles_from,
        max(weighted_from) as weighted_from
    from {{ source('catalog', 'comparators') }}
),

sizes as (
    select
        structure,
        year,
        comparator,
        comparator_code,
        count(*) filter (where not {{ stands_outside('comparator', 'region_code') }}) as municipalities
    from {{ ref('comparator_groups') }}
    group by structure, year, comparator, comparator_code
),

told as (
    select
        figures.*,
        sizes.municipalities,
        sizes.municipalities < limits.leave_out_below as is_small
    from {{ ref('peer_groups') }} as figures
    inner join sizes
        on
            figures.structure = sizes.structure
            and left(figures.period, 4) = sizes.year
            and figures.comparator = sizes.comparator
            and figures.comparator_code = sizes.comparator_code
    cross join limits
),

seen_by as (
    select
        told.*,
        cast(null as varchar) as left_out
    from told
    where not told.is_small
    union all
    select
        told.* replace (
            told.municipalities - cast(not {{ stands_outside('groups.comparator', 'groups.region_code') }} as integer)
                as municipalities
        ),
        groups.region_code as left_out
    from told
    inner join {{ ref('comparator_groups') }} as groups
        on
            told.structure = groups.structure
            and left(told.period, 4) = groups.year
            and told.comparator = groups.comparator
            and told.comparator_code = groups.comparator_code
            and told.region_code <> groups.region_code
    where told.is_small
)

select
    seen_by.indicator_id,
    seen_by.structure,
    seen_by.period,
    seen_by.comparator,
    seen_by.comparator_code,
    seen_by.left_out,
    count(seen_by.value) as units,
    any_value(seen_by.municipalities) - count(seen_by.value) as units_missing,
    case
        when count(seen_by.value) >= any_value(limits.weighted_from * seen_by.municipalities)
            then sum(seen_by.numerator)
    end as numerator,
    case
        when count(seen_by.value) >= any_value(limits.weighted_from * seen_by.municipalities)
            then sum(seen_by.denominator)
    end as denominator,
    case
        when count(seen_by.value) >= any_value(limits.quartiles_from)
            then quantile_cont(seen_by.value, [0.25, 0.5, 0.75])
    end as quartiles
from seen_by
cross join limits
group by
    seen_by.indicator_id, seen_by.structure, seen_by.period, seen_by.comparator, seen_by.comparator_code,
    seen_by.left_out
