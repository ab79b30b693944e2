{# Periods are years (2024), quarters (2024Q3) or months (2024-03); the year comes first in all. #}

{# The same part of the year, some years before: 2024 after 2023, 2024Q3 after 2023Q3. #}
{% macro years_before(period, years) -%}
    (cast(cast(left({{ period }}, 4) as integer) - {{ years }} as varchar) || substr({{ period }}, 5))
{%- endmacro %}
