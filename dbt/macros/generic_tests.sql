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

{# No figure differs from the printed one without a reason that is known. #}
{% test agrees_with_documents(model) %}
    select *
    from {{ model }}
    where verdict = 'differs'
{% endtest %}

{# Sums that do not hold beyond rounding, one test for each kind: of categories or of municipalities, and those that must
   hold apart from those that the source may have estimated itself. #}
{% macro sums_that_differ(model, reason, must_hold) %}
    select *
    from {{ model }}
    where reason = '{{ reason }}' and must_hold = {{ must_hold }} and abs(difference) > tolerance + 1e-6
{% endmacro %}

{% test parts_make_totals(model) %}
    {{ sums_that_differ(model, 'categories', true) }}
{% endtest %}

{% test parts_near_totals(model) %}
    {{ sums_that_differ(model, 'categories', false) }}
{% endtest %}

{% test municipalities_make_areas(model) %}
    {{ sums_that_differ(model, 'municipalities', true) }}
{% endtest %}

{% test municipalities_near_areas(model) %}
    {{ sums_that_differ(model, 'municipalities', false) }}
{% endtest %}

{# The numerator of a share is a part of its denominator. Which figures are shares of a whole, their interval says. #}
{% test part_within_whole(model, definitions) %}
    select told.*
    from {{ model }} as told
    inner join {{ definitions }} as definitions on told.indicator_id = definitions.indicator_id
    where
        definitions.interval_method in ('wilson', 'wilson_fte')
        and (told.numerator < 0 or told.numerator > told.denominator + 1e-6)
{% endtest %}

{# Two tables that count the same agree, but for the rounding of each. #}
{% test same_in_both_tables(model, pairs, measures) %}
    select
        one.*,
        other.table_id as other_table_id,
        other.value as other_value
    from {{ model }} as one
    inner join {{ pairs }} as pairs
        on one.table_id = pairs.table_id and one.measure = pairs.measure and one.category = pairs.category
    inner join {{ model }} as other
        on pairs.other_table_id = other.table_id
        and pairs.other_measure = other.measure
        and pairs.other_category = other.category
        and one.region_code = other.region_code
        and one.period = other.period
    inner join {{ measures }} as rounding on one.table_id = rounding.table_id and one.measure = rounding.measure
    inner join {{ measures }} as other_rounding
        on other.table_id = other_rounding.table_id and other.measure = other_rounding.measure
    where abs(one.value - other.value) > rounding.half_unit + other_rounding.half_unit + 1e-6
{% endtest %}

{# Persons who are inhabitants are no more than the inhabitants of their age. #}
{% test users_within_population(model, limits) %}
    select
        users.*,
        inhabitants.value as inhabitants
    from {{ model }} as users
    inner join {{ limits }} as limits
        on users.table_id = limits.table_id and users.measure = limits.measure and users.category = limits.category
    inner join {{ model }} as inhabitants
        on limits.population_table_id = inhabitants.table_id
        and limits.population_measure = inhabitants.measure
        and limits.band = inhabitants.category
        and users.structure = inhabitants.structure
        and users.region_code = inhabitants.region_code
        and users.period = inhabitants.period
    where users.structure = 'as_published' and users.value > inhabitants.value
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
