{# Names of municipalities and counties: their parts, and how they are written in ASCII. #}

{# The parts of a name as a list. Klass writes « - » between them, the government a dash. What stands in brackets
   tells two regions with one name apart and goes out first, since a county in it may have parts of its own. #}
{% macro split_name(expr) -%}
    string_split_regex(trim(regexp_replace({{ expr }}, '\s*\([^()]*\)', '', 'g')), '\s+[-–]\s+')
{%- endmacro %}

{# ASCII for searching and for old systems. Each letter becomes one letter, å a and ø o, and not aa and oe: so do
   programs that match by stripped accents (Tromso finds Tromsø), and aa is a spelling of its own in Sami names
   (Raarvihke). Only æ, which is two letters in one, becomes ae. DuckDB strips every accent, also the ring of å, but
   knows no base letter of ø, đ, ŋ and ŧ. A sign that has no ASCII letter becomes ?, as old systems show it. #}
{% macro ascii_name(expr) -%}
    regexp_replace(
        replace(replace(translate(strip_accents({{ expr }}), 'øØđĐŋŊŧŦ–', 'oOdDnNtT-'), 'æ', 'ae'), 'Æ', 'AE'),
        '[^[:ascii:]]',
        '?',
        'g'
    )
{%- endmacro %}

{# A name of several parts has exactly one in Norwegian. Where it has more, a part is missing in the seed name_parts;
   where it has none, the whole name stands as the Norwegian one. Both are several parts there. #}
{% test one_norwegian_part(model) %}
    select name, name_norwegian
    from {{ model }}
    where len({{ split_name('name_norwegian') }}) > 1
{% endtest %}
