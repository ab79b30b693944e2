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
    select told.*
    from {{ model }} as told
    left join {{ regions }} as regions
        on told.structure = regions.structure
        and told.region_code = regions.region_code
        and left(told.period, 4) = regions.year
        and regions.listed_by_klass
    where regions.region_code is null and told.value is not null
{% endtest %}

{# No row lacks an entry of a column. #}
{% test has_no_gaps(model, column) %}
    select *
    from {{ model }}
    where {{ column }} is null
{% endtest %}

{# No row is of the kind that the condition describes. #}
{% test no_row_where(model, condition) %}
    select *
    from {{ model }}
    where {{ condition }}
{% endtest %}

{# Population in today's structure, made here of codes valid each year, is what Statistics Norway's own series summed to
   today's municipalities says, wherever both have a figure. #}
{% test agrees_with_summed_series(model, published, bands) %}
    with ages as (
        select
            region_code,
            period,
            sum(value) as persons,
            count(value) as cells
        from {{ published }}
        where structure = 'current'
        group by region_code, period
    ),

    summed as (
        select ages.*
        from ages
        inner join {{ bands }} as bands on bands.table_id = '07459' and bands.band = 'total' and ages.cells = bands.cells
    )

    select
        summed.*,
        model.value
    from {{ model }} as model
    inner join summed on model.region_code = summed.region_code and model.period = summed.period
    where
        model.structure = 'current'
        and model.table_id = '07459'
        and model.measure = 'persons'
        and model.category = 'total'
        and model.value <> summed.persons
{% endtest %}

{# No hidden figure can be worked out with the help of one that is made here. #}
{% test gives_nothing_away(model) %}
    select *
    from {{ model }}
    where given_by = 'us'
{% endtest %}

{# No hidden figure can be worked out from the source's own: a matter of the source, which is told how many there are. #}
{% test source_gives_nothing_away(model) %}
    select *
    from {{ model }}
    where given_by = 'source'
{% endtest %}
