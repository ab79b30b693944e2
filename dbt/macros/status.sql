{# What a cell's symbol, value and age say together, in SDMX OBS_STATUS. One place for all tables. #}

{% macro obs_status(value, symbol, zero_is_missing, edition) -%}
    case
        when {{ value }} is not null and {{ zero_is_missing }} then 'M'
        when {{ value }} is not null and ({{ symbol }} = '*' or {{ edition }} = 'unrevised') then 'P'
        when {{ value }} is not null or {{ symbol }} = '-' then 'A'
        when {{ symbol }} = '.' then 'L'
        when {{ symbol }} = '...' then 'N'
        when {{ symbol }} = ':' then 'C'
        else 'M'
    end
{%- endmacro %}

{# KOSTRA appears in March and is revised in June; the API does not say which. The newest year of a vintage
   from before the declared day of revision is unrevised. Other calendars have one edition. #}
{% macro edition(calendar, vintage, period, revised_on) -%}
    {% if calendar == 'kostra' -%}
    case
        when cast(left({{ period }}, 4) as integer) >= extract(year from {{ vintage }}) - 1
            and strftime({{ vintage }}, '%m-%d') < '{{ revised_on }}' then 'unrevised'
        else 'revised'
    end
    {%- else -%}
    cast(null as varchar)
    {%- endif %}
{%- endmacro %}

{# The status of a figure made of several: hidden outweighs missing outweighs provisional outweighs summed. #}
{% macro combined_status(status, complete) -%}
    case
        when {{ complete }} and bool_or({{ status }} = 'P') then 'P'
        when {{ complete }} and bool_or({{ status }} = 'D') then 'D'
        when {{ complete }} then 'A'
        when bool_or({{ status }} = 'C') then 'C'
        when bool_and({{ status }} = 'L') then 'L'
        when bool_or({{ status }} = 'N') then 'N'
        else 'M'
    end
{%- endmacro %}

{# A limit as a reader would write it: 500, 0.05. #}
{% macro in_words(limit) -%}
    regexp_replace(cast(cast({{ limit }} as decimal(18, 6)) as varchar), '\.?0+$', '')
{%- endmacro %}

{# Whether a cell holds a zero of a measure that writes 0 where it has no figure. #}
{% macro zero_instead_of_missing(measures) -%}
    {% if measures -%}
    (value = 0 and measure in ('{{ measures | join("', '") }}'))
    {%- else -%}
    false
    {%- endif %}
{%- endmacro %}
