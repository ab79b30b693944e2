{# The cells of one Statbank table by validity, conformed as in staging. A cell that no vintage revised has one
   row; one of an unrevised year gets a second when the revised edition confirms it, since its status changes.
   The cells lie beside the typed table under its name with _history. #}
{% macro history_table(typed, table, columns, calendar, zero_means_missing, revised_on=none) %}
    {%- set relation = typed.schema ~ '.' ~ typed.identifier ~ '_history' -%}
    with
    {% if calendar == 'kostra' -%}
    {{ cells_by_edition(relation, table, calendar, revised_on) }}
    {%- else -%}
    dated as (
        select
            *,
            cast(null as varchar) as edition
        from {{ relation }}
    )
    {%- endif %},

    judged as (
        select
            *,
            {{ zero_instead_of_missing(zero_means_missing) }} as zero_is_missing
        from dated
    )

    select
        cast(structure as varchar) as structure,
        {{ conformed_region('region_code') }} as region_code,
        {% for column in columns -%}
        cast({{ column }} as varchar) as {{ column }},
        {% endfor -%}
        cast(measure as varchar) as measure,
        cast(unit as varchar) as unit,
        {{ conformed_period('period') }} as period,
        case when zero_is_missing then null when symbol = '-' then 0 else value end as value,
        {{ obs_status('value', 'symbol', 'zero_is_missing', 'edition') }} as obs_status,
        cast(symbol as varchar) as symbol,
        edition,
        valid_from,
        valid_to
    from judged
{% endmacro %}

{# Cells with their edition: cut in two where a later vintage made their year a revised one. #}
{% macro cells_by_edition(relation, table, calendar, revised_on) %}
    vintages as (
        select
            valid_from,
            vintage
        from {{ source('catalog', 'vintages') }}
        where table_name = '{{ table }}' and valid_from is not null
    ),

    editions as (
        select
            periods.period,
            vintages.valid_from,
            {{ edition(calendar, 'vintages.vintage', 'periods.period', revised_on) }} as edition
        from (select distinct cast(period as varchar) as period from {{ relation }}) as periods
        cross join vintages
    ),

    followed as (
        select
            *,
            lag(edition) over (partition by period order by valid_from) as edition_before
        from editions
    ),

    confirmed as (
        select
            period,
            min(valid_from) as confirmed_at
        from followed
        where edition_before = 'unrevised' and edition = 'revised'
        group by period
    ),

    cells as (
        select
            held.*,
            confirmed.confirmed_at,
            coalesce(
                confirmed.confirmed_at > held.valid_from
                and confirmed.confirmed_at < coalesce(held.valid_to, timestamptz '9999-12-31'),
                false
            ) as is_confirmed
        from {{ relation }} as held
        left join confirmed on held.period = confirmed.period
    ),

    pieces as (
        select * replace (case when is_confirmed then confirmed_at else valid_to end as valid_to)
        from cells
        union all
        select * replace (confirmed_at as valid_from)
        from cells
        where is_confirmed
    ),

    dated as (
        select
            pieces.*,
            editions.edition
        from pieces
        inner join editions
            on pieces.period = editions.period and pieces.valid_from = editions.valid_from
    )
{% endmacro %}
