{# Which level a region is of, by the form of its code. Sets of municipalities are joined by a plus. #}
{% macro region_level(code) -%}
    case
        when contains({{ code }}, '+') then 'combined_municipalities'
        when starts_with({{ code }}, 'EKG') then 'kostra_group'
        when {{ code }} = 'EAKUO' then 'country_without_oslo'
        when {{ code }} = 'EAK' then 'country'
        when starts_with({{ code }}, 'EKA') then 'county'
        when length({{ code }}) = 4 then 'municipality'
        else 'other'
    end
{%- endmacro %}

{# Oslo is compared with the country without Oslo, and is no part of it. #}
{% macro stands_outside(comparator, code) -%}
    ({{ comparator }} = 'country_without_oslo' and left({{ code }}, 2) = '03')
{%- endmacro %}

{# Whether a region is of one of an indicator's levels: sets of municipalities are of theirs, and the country without Oslo
   of the country's; a region that no list knows is told beside municipalities. #}
{% macro is_of_levels(levels, level) -%}
    list_contains(
        string_split({{ levels }}, ', '),
        case {{ level }}
            when 'combined_municipalities' then 'municipality'
            when 'other' then 'municipality'
            when 'country_without_oslo' then 'country'
            else {{ level }}
        end
    )
{%- endmacro %}

{# Levels whose areas may be the same one: a municipality that was split is the set of those that came of it. #}
{% macro area_kind(code) -%}
    replace({{ region_level(code) }}, 'combined_municipalities', 'municipality')
{%- endmacro %}

{# Whether a break concerns a region: one of a level concerns regions of that level, sets of municipalities being of
   theirs. A new KOSTRA grouping does not concern today's groups, which are kept fixed backwards. #}
{% macro break_concerns(breaks, regions) -%}
    coalesce(
        {{ breaks }}.region_level = replace({{ regions }}.region_level, 'combined_municipalities', 'municipality')
        and not ({{ breaks }}.region_level = 'kostra_group' and {{ regions }}.structure = 'current'),
        true
    )
{%- endmacro %}
