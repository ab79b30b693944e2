{# Rules between rows and tables that dbt does not bring itself. Each returns the rows that break it. #}

{% test unique_together(model, columns) %}
    select {{ columns | join(', ') }}, count(*) as copies
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
{% endtest %}

{# A missing value says why, and a value is never marked as missing. #}
{% test value_and_status_agree(model) %}
    select *
    from {{ model }}
    where obs_status is null
        or (value is null and obs_status not in ('M', 'L', 'C', 'N'))
        or (value is not null and obs_status in ('M', 'L', 'C', 'N'))
{% endtest %}

{# A region code is one that was valid in the year of its period. #}
{% test region_valid_in_year(model, regions) %}
    select model.*
    from {{ model }} as model
    left join {{ regions }} as regions
        on model.region_code = regions.region_code
        and left(model.period, 4) = regions.year
        and regions.listed_by_klass
    where regions.region_code is null and model.value is not null
{% endtest %}
