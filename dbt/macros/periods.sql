{# Periods are years (2024) or quarters (2024Q3); the year comes first in both. #}

{# The same part of the year, some years before: 2024 after 2023, 2024Q3 after 2023Q3. #}
{% macro years_before(period, years) -%}
    (cast(cast(left({{ period }}, 4) as integer) - {{ years }} as varchar) || substr({{ period }}, 5))
{%- endmacro %}
