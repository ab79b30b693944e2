-- Each name of a municipality or county, taken apart by language.
with names as (
    select name
    from {{ source('typed', 'klass_131_codes') }}
    union
    select name
    from {{ source('typed', 'klass_104_codes') }}
),

official as (
    select
        name,
        trim(nfc_normalize(name)) as official_name
    from names
    where name is not null
),

split as (
    select
        name,
        official_name,
        {{ split_name('official_name') }} as parts
    from official
),

parts as (
    select
        name,
        official_name,
        unnest(parts) as part,
        generate_subscripts(parts, 1) as place
    from split
),

spoken as (
    select
        parts.name,
        parts.official_name,
        parts.part,
        parts.place,
        coalesce(known.language, 'norwegian') as language
    from parts
    left join {{ ref('name_parts') }} as known on parts.part = nfc_normalize(known.part)
),

by_language as (
    select
        name,
        official_name,
        string_agg(part, ' - ' order by place) filter (where language = 'norwegian') as in_norwegian,
        string_agg(part, ' - ' order by place) filter (where language = 'sami') as in_sami,
        string_agg(part, ' - ' order by place) filter (where language = 'kven') as in_kven
    from spoken
    group by name, official_name
)

select
    name,
    official_name,
    coalesce(in_norwegian, official_name) as name_norwegian,
    in_sami as name_sami,
    in_kven as name_kven,
    {{ ascii_name('official_name') }} as name_ascii
from by_language
