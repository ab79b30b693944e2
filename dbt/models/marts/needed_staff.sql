-- FTEs for each user of 80 and older now, and the FTEs that the projected population would need at the same user
-- frequency and the same FTEs for each of them. For the country beside what the yearly growth that the plan names would
-- give from the same year on; a projected 1 January is the end of the year before.
with wanted as (
    select
        role,
        count(*) as terms
    from {{ source('catalog', 'need_terms') }}
    group by role
),

counted as (
    select
        terms.role,
        observations.region_code,
        observations.period,
        case when count(observations.value) = any_value(wanted.terms) then {{ summed('observations.value') }} end
            as value,
        {{ combined_status('observations.obs_status', 'count(observations.value) = any_value(wanted.terms)') }}
            as obs_status,
        any_value(observations.source) as source
    from {{ source('catalog', 'need_terms') }} as terms
    inner join wanted on terms.role = wanted.role
    inner join {{ ref('observations') }} as observations
        on
            terms.table_id = observations.table_id
            and terms.measure = observations.measure
            and terms.category = observations.category
    where observations.structure = 'current'
    group by terms.role, observations.region_code, observations.period
),

sides as (
    select
        region_code,
        period,
        max(value) filter (where role = 'fte') as fte,
        max(value) filter (where role = 'users') as users,
        max(value) filter (where role = 'persons') as persons,
        {{ combined_status('obs_status', "count(value) = (select count(*) from wanted)") }} as obs_status,
        any_value(source) as source
    from counted
    group by region_code, period
),

latest as (
    select max(period) as period
    from sides
    where region_code = 'EAK' and fte is not null and users is not null and persons is not null
),

present as (
    select sides.*
    from sides
    inner join latest on sides.period = latest.period
),

projected as (
    select
        projections.region_code,
        projections.year,
        max(projections.persons) filter (where projections.band = needs.band) as persons,
        max(projections.obs_status) filter (where projections.band = needs.band) as obs_status,
        max(projections.persons) filter (where projections.band = needs.carers_band) as carers,
        max(projections.persons) filter (where projections.band = needs.oldest_band) as oldest
    from {{ ref('projections') }} as projections
    cross join {{ source('catalog', 'needs') }} as needs
    group by projections.region_code, projections.year
),

reckoned as (
    select
        present.region_code,
        present.period as base_period,
        projected.year,
        present.fte,
        present.users,
        present.persons,
        present.fte / nullif(present.users, 0) as fte_per_user,
        projected.persons as persons_projected,
        present.users * projected.persons / nullif(present.persons, 0) as users_projected,
        present.fte * projected.persons / nullif(present.persons, 0) as fte_needed,
        projected.carers / nullif(projected.oldest, 0) as family_care_coefficient,
        case
            when present.users = 0 or present.persons = 0 then 'L'
            when 'C' in (present.obs_status, projected.obs_status) then 'C'
            when present.fte is null or present.users is null then 'M'
            when present.persons is null or projected.persons is null then 'M'
            when present.obs_status = 'P' then 'P'
            else 'D'
        end as obs_status,
        present.source
    from present
    inner join projected on present.region_code = projected.region_code
    cross join latest
    where projected.year > latest.period
)

select
    reckoned.region_code,
    reckoned.base_period,
    reckoned.year,
    reckoned.fte,
    reckoned.users as users_80,
    reckoned.persons as persons_80,
    case when reckoned.obs_status in ('P', 'D') then reckoned.fte_per_user end as fte_per_user_80,
    reckoned.persons_projected as persons_80_projected,
    case when reckoned.obs_status in ('P', 'D') then reckoned.users_projected end as users_80_projected,
    case when reckoned.obs_status in ('P', 'D') then reckoned.fte_needed end as fte_needed,
    case when reckoned.obs_status in ('P', 'D') then reckoned.fte_needed - reckoned.fte end as fte_growth_needed,
    case
        when reckoned.region_code = 'EAK' and cast(reckoned.year as integer) - 1 <= cast(needs.target_year as integer)
            then
                needs.growth
                * (cast(reckoned.year as integer) - 1 - cast(reckoned.base_period as integer))
                / (cast(needs.target_year as integer) - cast(needs.base_year as integer))
    end as fte_growth_documented,
    reckoned.family_care_coefficient,
    reckoned.obs_status,
    reckoned.source
from reckoned
cross join {{ source('catalog', 'needs') }} as needs
