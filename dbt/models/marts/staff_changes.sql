-- What a change over one, three or five years is made of: persons (or their composition) and the size of positions.
-- A figure is a function of two things, the persons of each group and the size of their positions. What one of them
-- did is the change that it makes alone, averaged over the other as it was and as it became: Kitagawa (1955), JASA
-- 50:1168-1194; for shares, where groups weigh together, Das Gupta (1993), Standardization and Decomposition of Rates,
-- ch. 2. The two parts sum to the change, and do not depend on which is changed first.
with staff as (
    select
        groups.decomposition_id,
        groups.category,
        groups.counted,
        groups.kind,
        persons.structure,
        persons.region_code,
        persons.period,
        persons.value as persons,
        case
            when persons.value = 0 and (groups.volume_is_mean or volumes.value = 0) then 0
            when persons.value = 0 then null
            when groups.volume_is_mean then persons.value * volumes.value / groups.full_position
            else volumes.value
        end as fte,
        case
            when persons.value is null then persons.obs_status
            when fte is null and volumes.value is null then coalesce(volumes.obs_status, 'M')
            when fte is null then 'M'
            else persons.obs_status
        end as obs_status,
        greatest(persons.vintage, volumes.vintage) as vintage,
        persons.source,
        persons.is_stale or coalesce(volumes.is_stale, false) as is_stale
    from {{ source('catalog', 'decompositions') }} as groups
    inner join {{ ref('observations') }} as persons
        on
            groups.table_id = persons.table_id
            and groups.persons_measure = persons.measure
            and groups.category = persons.category
            and persons.structure = 'current'
    left join {{ ref('observations') }} as volumes
        on
            groups.table_id = volumes.table_id
            and groups.volume_measure = volumes.measure
            and groups.category = volumes.category
            and persons.structure = volumes.structure
            and persons.region_code = volumes.region_code
            and persons.period = volumes.period
),

wanted as (
    select
        decomposition_id,
        any_value(kind) as kind,
        any_value(table_id) as table_id,
        any_value(persons_measure) as persons_measure,
        any_value(volume_measure) as volume_measure,
        any_value(decimals) as decimals,
        count(*) as groups
    from {{ source('catalog', 'decompositions') }}
    group by decomposition_id
),

-- Every group with its figures, or none: nothing is said of a region of which a group is missing or hidden.
known as (
    select
        staff.decomposition_id,
        staff.structure,
        staff.region_code,
        staff.period,
        count(*) filter (where staff.persons is not null and staff.fte is not null) = any_value(wanted.groups)
            as complete,
        {{ combined_status('staff.obs_status', 'complete') }} as obs_status,
        max(staff.vintage) as vintage,
        any_value(staff.source) as source,
        bool_or(staff.is_stale) as is_stale
    from staff
    inner join wanted on staff.decomposition_id = wanted.decomposition_id
    group by staff.decomposition_id, staff.structure, staff.region_code, staff.period
),

horizons as (
    select unnest([1, 3, 5]) as horizon_years
),

spans as (
    select
        known.*,
        wanted.kind,
        wanted.table_id,
        wanted.persons_measure,
        wanted.volume_measure,
        wanted.decimals,
        horizons.horizon_years
    from known
    inner join wanted on known.decomposition_id = wanted.decomposition_id
    cross join horizons
),

pairs as (
    select
        spans.*,
        earlier.period as period_from,
        earlier.complete as complete_before,
        earlier.obs_status as status_before
    from spans
    inner join known as earlier
        on
            spans.decomposition_id = earlier.decomposition_id
            and spans.structure = earlier.structure
            and spans.region_code = earlier.region_code
            and {{ years_before('spans.period', 'spans.horizon_years') }} = earlier.period
),

levels as (
    select distinct
        structure,
        region_code,
        {{ region_level('region_code') }} as region_level
    from known
),

broken as (
    select
        pairs.decomposition_id,
        pairs.structure,
        pairs.region_code,
        pairs.period_from,
        pairs.period,
        string_agg(distinct breaks.name_nb, '; ' order by breaks.name_nb) as reason_nb,
        string_agg(distinct breaks.name_en, '; ' order by breaks.name_en) as reason_en
    from pairs
    inner join levels on pairs.structure = levels.structure and pairs.region_code = levels.region_code
    inner join {{ source('catalog', 'breaks') }} as breaks
        on
            pairs.table_id = breaks.table_id
            and breaks.measure in (pairs.persons_measure, pairs.volume_measure)
            and breaks.treatment = 'split'
            and left(pairs.period_from, 4) < breaks.period_to
            and left(pairs.period, 4) >= breaks.period_to
            and {{ break_concerns('breaks', 'levels') }}
    group by pairs.decomposition_id, pairs.structure, pairs.region_code, pairs.period_from, pairs.period
),

-- A group without persons in one of the years has the position size of the other: what comes or goes with it is
-- persons.
sized as (
    select
        latter.decomposition_id,
        latter.structure,
        latter.region_code,
        pairs.period_from,
        latter.period,
        latter.counted,
        latter.kind,
        former.persons as persons_then,
        latter.persons as persons_now,
        case when former.persons <> 0 then former.fte / former.persons end as own_size_then,
        case when latter.persons <> 0 then latter.fte / latter.persons end as own_size_now,
        coalesce(own_size_then, own_size_now, 0) as size_then,
        coalesce(own_size_now, own_size_then, 0) as size_now
    from pairs
    inner join staff as latter
        on
            pairs.decomposition_id = latter.decomposition_id
            and pairs.structure = latter.structure
            and pairs.region_code = latter.region_code
            and pairs.period = latter.period
    inner join staff as former
        on
            pairs.decomposition_id = former.decomposition_id
            and pairs.structure = former.structure
            and pairs.region_code = former.region_code
            and pairs.period_from = former.period
            and latter.category = former.category
    where pairs.complete and pairs.complete_before
),

-- The figure with the persons and the positions of each of the two years.
mixed as (
    select
        decomposition_id,
        structure,
        region_code,
        period_from,
        period,
        {{ figure_of_staff('persons_then', 'size_then') }} as persons_then_size_then,
        {{ figure_of_staff('persons_then', 'size_now') }} as persons_then_size_now,
        {{ figure_of_staff('persons_now', 'size_then') }} as persons_now_size_then,
        {{ figure_of_staff('persons_now', 'size_now') }} as persons_now_size_now
    from sized
    group by decomposition_id, structure, region_code, period_from, period
),

parted as (
    select
        pairs.*,
        broken.reason_nb as break_nb,
        broken.reason_en as break_en,
        broken.reason_nb is not null as crosses_break,
        mixed.persons_then_size_then as value_from,
        mixed.persons_now_size_now as value,
        case
            when not crosses_break then mixed.persons_now_size_now - mixed.persons_then_size_then
        end as exact_change,
        (
            mixed.persons_now_size_then - mixed.persons_then_size_then
            + mixed.persons_now_size_now - mixed.persons_then_size_now
        ) / 2 as exact_part
    from pairs
    left join mixed
        on
            pairs.decomposition_id = mixed.decomposition_id
            and pairs.structure = mixed.structure
            and pairs.region_code = mixed.region_code
            and pairs.period_from = mixed.period_from
            and pairs.period = mixed.period
    left join broken
        on
            pairs.decomposition_id = broken.decomposition_id
            and pairs.structure = broken.structure
            and pairs.region_code = broken.region_code
            and pairs.period_from = broken.period_from
            and pairs.period = broken.period
),

-- The second part is what the first leaves of the change, so that they sum to it in the decimals told.
rounded as (
    select
        *,
        {{ round_half_away('exact_change', 'decimals') }} + 0.0 as total_change,
        {{ round_half_away('case when exact_change is not null then exact_part end', 'decimals') }} + 0.0 as first_part
    from parted
),

told as (
    select
        *,
        case kind when 'amount' then 'persons' else 'composition' end as component,
        first_part as part
    from rounded
    union all by name
    select
        *,
        'position_size' as component,
        round(total_change - first_part, decimals) + 0.0 as part
    from rounded
)

select
    decomposition_id,
    structure,
    region_code,
    period_from,
    period,
    horizon_years,
    component,
    part,
    total_change,
    {{ round_half_away('value_from', 'decimals') }} as value_from,
    {{ round_half_away('value', 'decimals') }} as value,
    crosses_break,
    break_nb,
    break_en,
    case
        when crosses_break then 'L'
        when total_change is not null and 'P' in (obs_status, status_before) then 'P'
        when total_change is not null then 'D'
        when not complete and not complete_before and 'C' in (obs_status, status_before) then 'C'
        when not complete then obs_status
        when not complete_before then status_before
        else 'L'
    end as obs_status,
    vintage,
    source,
    is_stale
from told
