{# One Statbank table as observations: conformed region codes, SDMX status beside the value, edition.
   `categories` are the columns whose groups together are the observation's category. #}
{% macro stage_table(relation, columns, categories, calendar, zero_means_missing, revised_on=none) %}
    with cells as (
        select
            *,
            {{ edition(calendar, 'vintage', 'period', revised_on) }} as edition,
            {{ zero_instead_of_missing(zero_means_missing) }} as zero_is_missing
        from {{ relation }}
    )

    select
        cast(structure as varchar) as structure,
        {{ conformed_region('region_code') }} as region_code,
        cast(region_label as varchar) as region_label,
        {% for column in columns -%}
        cast({{ column }} as varchar) as {{ column }},
        {% endfor -%}
        {% if categories is none -%}
        cast(null as varchar) as category,
        {%- elif not categories -%}
        '' as category,
        {%- else -%}
        cast({{ categories | join(" || '|' || ") }} as varchar) as category,
        {%- endif %}
        cast(measure as varchar) as measure,
        cast(measure_code as varchar) as measure_code,
        cast(unit as varchar) as unit,
        {{ conformed_period('period') }} as period,
        case when zero_is_missing then null when symbol = '-' then 0 else value end as value,
        {{ obs_status('value', 'symbol', 'zero_is_missing', 'edition') }} as obs_status,
        cast(symbol as varchar) as symbol,
        edition,
        vintage,
        source,
        is_stale
    from cells
{% endmacro %}

{# Statbank's 2025K4 is the quarter 2025Q4 and 2025M03 the month 2025-03, as SDMX and ISO 8601 name them; a year stays as
   it is. #}
{% macro conformed_period(period) -%}
    replace(replace(cast({{ period }} as varchar), 'K', 'Q'), 'M', '-')
{%- endmacro %}

{# KOSTRA's codes for areas serve all tables: Statbank's 0 is EAK, its two-digit counties EKAnn; the prefix
   of series summed to today's municipalities (K-0301) falls away. #}
{% macro conformed_region(code) -%}
    case
        when {{ code }} = '0' then 'EAK'
        when length({{ code }}) = 2 then 'EKA' || {{ code }}
        when starts_with({{ code }}, 'K-') then substr({{ code }}, 3)
        else cast({{ code }} as varchar)
    end
{%- endmacro %}
