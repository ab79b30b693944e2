-- FTEs for each user of 80 and older now, and at the projected population, for today's regions.
select
    needed.region_code,
    regions.region_name,
    regions.region_level,
    needed.base_period,
    needed.year,
    needed.fte,
    needed.users_80,
    needed.persons_80,
    {{ round_half_away('needed.fte_per_user_80', 3) }} as fte_per_user_80,
    needed.persons_80_projected,
    {{ round_half_away('needed.users_80_projected', 0) }} as users_80_projected,
    {{ round_half_away('needed.fte_needed', 0) }} as fte_needed,
    {{ round_half_away('needed.fte_growth_needed', 0) }} as fte_growth_needed,
    {{ round_half_away('needed.fte_growth_documented', 0) }} as fte_growth_documented,
    {{ round_half_away('needed.family_care_coefficient', 1) }} as family_care_coefficient,
    needed.obs_status,
    needed.source
from {{ ref('needed_staff') }} as needed
inner join {{ ref('current_regions') }} as regions on needed.region_code = regions.region_code
order by needed.region_code, needed.year
