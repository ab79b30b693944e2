{# Rounding as Statistics Norway does it, half away from zero. The nudge lifts halves that binary floating
   point stores a hair too low (22.85 is stored as 22.849999…). #}
{% macro round_half_away(value, decimals) -%}
    round({{ value }} + sign({{ value }}) * 1e-9, {{ decimals }})
{%- endmacro %}

{# Bounds are rounded outwards, so that a rounded value never lies outside its own interval. #}
{% macro round_down(value, decimals) -%}
    (floor(({{ value }}) * pow(10, {{ decimals }}) + 1e-9) / pow(10, {{ decimals }}))
{%- endmacro %}

{% macro round_up(value, decimals) -%}
    (ceil(({{ value }}) * pow(10, {{ decimals }}) - 1e-9) / pow(10, {{ decimals }}))
{%- endmacro %}

{# Bounds of Wilson's score interval for k of n at 95 %, as a proportion. Wilson (1927), JASA 22:209-212.
   Register counts are full counts: it shows chance variation around a level, not sampling error. #}
{% macro wilson(k, n, sign) -%}
    (({{ k }} / {{ n }} + 1.96 * 1.96 / (2 * {{ n }})
        {{ sign }} 1.96 * sqrt(
            greatest({{ k }} / {{ n }} * (1 - {{ k }} / {{ n }}), 0) / {{ n }}
            + 1.96 * 1.96 / (4 * {{ n }} * {{ n }})
        )) / (1 + 1.96 * 1.96 / {{ n }}))
{%- endmacro %}

{# Bounds of a count of events at 95 % by Byar's approximation to the exact Poisson limits: Breslow and Day (1987),
   Statistical Methods in Cancer Research II, page 69. No event has the lower bound 0. #}
{% macro byar(count, sign) -%}
    {%- set events = count if sign == '-' else '(' ~ count ~ ' + 1)' -%}
    (case
        when {{ events }} = 0 then 0
        else {{ events }} * pow(1 - 1 / (9 * {{ events }}) {{ sign }} 1.96 / (3 * sqrt({{ events }})), 3)
    end)
{%- endmacro %}

{# Which interval a numerator and a denominator can have of the one that is declared: a share of persons is no more than
   one, and a rate has a denominator. #}
{% macro usable_interval(declared, numerator, denominator) -%}
    case
        when {{ numerator }} < 0 or {{ denominator }} <= 0 then null
        when {{ declared }} in ('wilson', 'wilson_fte') and {{ numerator }} <= {{ denominator }} then {{ declared }}
        when {{ declared }} = 'byar' and {{ numerator }} >= 0 and {{ denominator }} > 0 then {{ declared }}
    end
{%- endmacro %}

{# Bounds of a ratio at 95 % by the method that it can have; none where it has none. #}
{% macro interval_bound(method, numerator, denominator, sign) -%}
    (case
        when {{ method }} = 'byar' then {{ byar(numerator, sign) }} / {{ denominator }}
        when {{ method }} is not null then {{ wilson(numerator, denominator, sign) }}
    end)
{%- endmacro %}

{# The value that a chi-squared variable exceeds as seldom as a standard normal one exceeds z: Wilson and Hilferty
   (1931), Proceedings of the National Academy of Sciences 17:684-688. #}
{% macro chi_square(freedom, z) -%}
    ({{ freedom }} * pow(1 - 2 / (9 * ({{ freedom }})) + {{ z }} * sqrt(2 / (9 * ({{ freedom }}))), 3))
{%- endmacro %}

{# The quantile of a sorted list at a share that a table tells, between two entries in proportion; DuckDB's own takes
   constants alone. #}
{% macro quantile_of(in_order, share) -%}
    {%- set place = '(' ~ share ~ ' * (len(' ~ in_order ~ ') - 1))' -%}
    {%- set below = in_order ~ '[cast(floor(' ~ place ~ ') as integer) + 1]' -%}
    {%- set above = in_order ~ '[cast(ceil(' ~ place ~ ') as integer) + 1]' -%}
    ({{ below }} + ({{ place }} - floor({{ place }})) * ({{ above }} - {{ below }}))
{%- endmacro %}

{# A control limit, in the unit of the indicator and within what a share or a rate can be: z times the spread beside the
   baseline. None where the group was refused. Reads baseline, largest, multiplier, decimals, refused. #}
{% macro funnel_limit(spread, sign, z) -%}
    case when refused is null then {{ round_half_away(
        'least(greatest(baseline ' ~ sign ~ ' ' ~ z ~ ' * ' ~ spread ~ ', 0), largest) * multiplier', 'decimals + 1'
    ) }} end
{%- endmacro %}

{# Bounds of the difference between two independent proportions, from the Wilson bounds of each: Newcombe (1998),
   Statistics in Medicine 17:873-890, method 10. Reads share, low, high, other_share, other_low, other_high. #}
{% macro newcombe(sign) -%}
    {%- set own, other = ('low', 'other_high') if sign == '-' else ('high', 'other_low') -%}
    (share - other_share {{ sign }} sqrt(pow(share - {{ own }}, 2) + pow(other_share - {{ other }}, 2)))
{%- endmacro %}

{# A difference of figures without the noise of binary fractions. #}
{% macro rounded(value) -%}
    round({{ value }}, 6)
{%- endmacro %}

{# A sum without the noise of binary fractions: sources have two decimals at the most. #}
{% macro summed(value) -%}
    round(sum({{ value }}), 6)
{%- endmacro %}

{# A judgement of the funnel in words: clearly so beyond the outer limits. Reads limits.funnel_class and judgement. #}
{% macro judgement_in_words(clearly, words) -%}
    case when ends_with(limits.funnel_class, '998') then '{{ clearly }}' else '' end
            || case limits.judgement
            {%- for judgement, word in words.items() %}
                when '{{ judgement }}'
                    then case
                        when ends_with(limits.funnel_class, '998') then '{{ word }}' else '{{ word | capitalize }}'
                    end
            {%- endfor %}
            end
{%- endmacro %}

{# Quantiles of Student's t for bounds at 95 %, by degrees of freedom, of which a trend of three to five years has one to
   three: Fisher and Yates (1963), Statistical Tables, table III. #}
{% macro student_t(freedom) -%}
    (case {{ freedom }} when 1 then 12.7062047 when 2 then 4.3026527 when 3 then 3.1824463 end)
{%- endmacro %}

{# What a decomposition is about, of groups with so many persons in positions of such a size: FTEs of the counted groups, or
   their share of all in per cent. Reads kind and counted. #}
{% macro figure_of_staff(persons, size) -%}
    (sum({{ persons }} * {{ size }}) filter (where counted)
    * case when any_value(kind) = 'share' then 100 / nullif(sum({{ persons }} * {{ size }}), 0) else 1 end)
{%- endmacro %}
