{# What figures say, in words: bokmål or English. #}

{# Whether a change is for better or worse and more than chance, or why there is none to tell. Reads verdict,
   beyond_chance, crosses_break, reason_nb or reason_en, status_from and period_from. #}
{% macro trend_in_words(language) -%}
    {%- set words = {
        'nb': {
            'better': 'bedre', 'worse': 'dårligere', 'changed': 'endret', 'unchanged': 'uendret',
            'clearly': 'klart ', 'beyond': ': mer enn tilfeldig variasjon',
            'within': ', men ikke mer enn tilfeldig variasjon', 'unknown': '; tilfeldig variasjon er ikke regnet ut',
            'break': 'kan ikke sammenlignes: ', 'hidden': 'er skjult', 'missing': 'mangler', 'none': 'finnes ikke',
            'figure': 'tallet for ',
        },
        'en': {
            'better': 'better', 'worse': 'worse', 'changed': 'changed', 'unchanged': 'unchanged',
            'clearly': 'clearly ', 'beyond': ': more than chance variation',
            'within': ', but not more than chance variation', 'unknown': '; chance variation is not calculated',
            'break': 'cannot be compared: ', 'hidden': 'is hidden', 'missing': 'is missing', 'none': 'does not exist',
            'figure': 'the figure for ',
        },
    }[language] -%}
    case
        when crosses_break then '{{ words['break'] }}' || reason_{{ language }}
        when verdict = 'not_compared'
            then
                '{{ words['figure'] }}' || period_from || ' '
                || case status_from
                    when 'C' then '{{ words['hidden'] }}'
                    when 'L' then '{{ words['none'] }}'
                    else '{{ words['missing'] }}'
                end
        when verdict = 'unchanged' then '{{ words['unchanged'] }}'
        else
            case when beyond_chance then '{{ words['clearly'] }}' else '' end
            || case verdict
                when 'better' then '{{ words['better'] }}'
                when 'worse' then '{{ words['worse'] }}'
                else '{{ words['changed'] }}'
            end
            || case
                when beyond_chance then '{{ words['beyond'] }}'
                when not beyond_chance then '{{ words['within'] }}'
                else '{{ words['unknown'] }}'
            end
    end
{%- endmacro %}

{# Whether and why a municipality comes to its reference. Reads outlook. #}
{% macro outlook_in_words(language) -%}
    {%- set words = {
        'no_figure': ('Kommunen har ikke tall', 'The municipality has no figure'),
        'no_reference': ('Referansen har ikke tall', 'The reference has no figure'),
        'no_direction': ('Verken mer eller mindre er bedre', 'Neither more nor less is better'),
        'reached': ('Referansen er nådd', 'The reference is reached'),
        'too_few_years': ('Færre enn tre år i samme del av serien', 'Fewer than three years in the same part of the series'),
        'moving_away': ('Utviklingen går ikke mot referansen', 'The development does not go towards the reference'),
        'too_slow': ('Mer enn 50 år med dagens utvikling', 'More than 50 years at the present pace'),
        'approaching': ('Nærmer seg referansen', 'Approaching the reference'),
    } -%}
    case outlook
        {% for outlook, texts in words.items() -%}
        when '{{ outlook }}' then '{{ texts[0] if language == 'nb' else texts[1] }}'
        {% endfor -%}
    end
{%- endmacro %}

{# What one part of a change did, as a sentence. Reads component, part and of_nb or of_en. #}
{% macro part_in_words(language) -%}
    {%- if language == 'nb' -%}
    case
        when part is null then null
        when part = 0 and component = 'persons' then 'Antallet ' || of_nb || ' endret ikke årsverkene'
        when part = 0 and component = 'composition' then 'Hvem som arbeider her, endret ikke andelen'
        when part = 0 then 'Stillingsstørrelsene gjorde ingen forskjell'
        when component = 'persons' and part > 0 then 'Flere ' || of_nb || ' ga flere årsverk'
        when component = 'persons' then 'Færre ' || of_nb || ' ga færre årsverk'
        when component = 'composition' and part > 0 then 'Sammensetningen av personer økte andelen'
        when component = 'composition' then 'Sammensetningen av personer senket andelen'
        when kind = 'amount' and part > 0 then 'Større stillinger for ' || of_nb || ' ga flere årsverk'
        when kind = 'amount' then 'Mindre stillinger for ' || of_nb || ' ga færre årsverk'
        when part > 0 then 'Endrede stillingsstørrelser økte andelen'
        else 'Endrede stillingsstørrelser senket andelen'
    end
    {%- else -%}
    case
        when part is null then null
        when part = 0 and component = 'persons' then 'The number of ' || of_en || ' did not change the FTEs'
        when part = 0 and component = 'composition' then 'Who works here did not change the share'
        when part = 0 then 'The size of positions made no difference'
        when component = 'persons' and part > 0 then 'More ' || of_en || ' made more FTEs'
        when component = 'persons' then 'Fewer ' || of_en || ' made fewer FTEs'
        when component = 'composition' and part > 0 then 'The composition of persons raised the share'
        when component = 'composition' then 'The composition of persons lowered the share'
        when kind = 'amount' and part > 0 then 'Larger positions of ' || of_en || ' made more FTEs'
        when kind = 'amount' then 'Smaller positions of ' || of_en || ' made fewer FTEs'
        when part > 0 then 'Changed position sizes raised the share'
        else 'Changed position sizes lowered the share'
    end
    {%- endif -%}
{%- endmacro %}
