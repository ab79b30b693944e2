-- What happened to each code, which of today's regions have its area, and what that allows.
with today as (
    select
        region_code,
        region_name
    from {{ ref('current_regions') }}
),

codes as (
    select
        *,
        coalesce(nullif(string_split(current_codes, '+'), ['']), []) as current_list
    from {{ ref('region_events') }}
),

named as (
    select
        codes.region_level,
        codes.old_code,
        codes.new_code,
        codes.changed_on,
        string_agg(today.region_name, ', ' order by today.region_code) as current_names
    from (
        select
            *,
            unnest(current_list) as current_code
        from codes
    ) as codes
    inner join today on codes.current_code = today.region_code
    group by codes.region_level, codes.old_code, codes.new_code, codes.changed_on
)

select
    codes.region_level,
    codes.old_code,
    nfc_normalize(codes.old_name) as old_name,
    codes.new_code,
    nfc_normalize(codes.new_name) as new_name,
    codes.changed_on,
    codes.kind,
    codes.current_codes,
    named.current_names,
    cast(len(codes.current_list) as integer) as current_regions,
    codes.counts_add_up as counts_may_be_summed,
    codes.same_area as rates_may_be_carried,
    coalesce(
        declared.source, case codes.region_level when 'county' then 'Klass 104 og 131' else 'Klass 131' end
    ) as source
from codes
left join {{ source('catalog', 'border_changes') }} as declared
    on
        codes.region_level = 'municipality'
        and codes.old_code = declared.old_code
        and codes.new_code = declared.new_code
        and codes.changed_on = declared.changed_on
left join named
    on
        codes.region_level = named.region_level
        and codes.old_code is not distinct from named.old_code
        and codes.new_code is not distinct from named.new_code
        and codes.changed_on is not distinct from named.changed_on
order by codes.region_level desc, codes.changed_on asc nulls first, codes.old_code asc, codes.new_code asc
