-- What the verdict on each published figure rests on, in words. A figure that is itself the printed one proves nothing.
with verdicts as (
    select
        *,
        {{ in_words('rounding') }} as rounding_en,
        {{ in_words('tolerance') }} as tolerance_en,
        replace({{ in_words('rounding') }}, '.', ',') as rounding_nb,
        replace({{ in_words('tolerance') }}, '.', ',') as tolerance_nb
    from {{ ref('reconciliations') }}
)

select
    ref_id,
    label_nb,
    label_en,
    reference_value,
    unit,
    period,
    region_code,
    kind,
    bound,
    document,
    line,
    evidence,
    indicator_id,
    indicator_part,
    definition_id,
    own_value,
    obs_status,
    source,
    difference,
    relative_difference,
    rounding,
    tolerance,
    verdict,
    case
        when kind = 'statement' then 'Et utsagn uten tall; det er ikke noe å holde det opp mot.'
        when verdict = 'no_indicator' then 'Tallet er ikke knyttet til noen indikator her.'
        when verdict = 'not_computed' and not regexp_matches(period, '^[0-9]{4}(Q[1-4])?$')
            then 'Dokumentet gir ikke tallet for ett år eller kvartal, så det er ikke noe å holde det opp mot.'
        when verdict = 'not_computed' and obs_status is null
            then 'Indikatoren har ikke noe tall for denne regionen og perioden her.'
        when verdict = 'not_computed' then 'Tallet vårt mangler, med status ' || obs_status || '.'
        when verdict = 'generated'
            then 'Tallet vårt er generert i demoen uten hensyn til det publiserte, og forskjellen sier ingenting.'
        when verdict = 'same' and source = 'document'
            then 'Indikatoren er dette trykte tallet; at de er like, er ingen prøve.'
        when verdict = 'same' then 'Tallene er like.'
        when verdict = 'within_rounding'
            then 'Forskjellen er ikke større enn avrundingen i dokumentet (' || rounding_nb || ').'
        when verdict = 'within_tolerance' and bound = 'lower' then 'Tallet vårt er ikke under grensen som oppgis.'
        when verdict = 'within_tolerance' and bound = 'upper' then 'Tallet vårt er ikke over grensen som oppgis.'
        when verdict = 'within_tolerance'
            then 'Forskjellen er ikke større enn det som regnes som det samme (' || tolerance_nb || ').'
        when verdict = 'differs_as_explained' then why_different_nb
        else 'Forskjellen er større enn avrundingen, og ingen grunn er oppgitt: den må undersøkes.'
    end as reason_nb,
    case
        when kind = 'statement' then 'A statement without a figure; there is nothing to hold it against.'
        when verdict = 'no_indicator' then 'The figure is linked to no indicator here.'
        when verdict = 'not_computed' and not regexp_matches(period, '^[0-9]{4}(Q[1-4])?$')
            then 'The document gives the figure for no single year or quarter: there is nothing to hold it against.'
        when verdict = 'not_computed' and obs_status is null
            then 'The indicator has no figure for this region and period here.'
        when verdict = 'not_computed' then 'Our figure is missing, with status ' || obs_status || '.'
        when verdict = 'generated'
            then 'Our figure is generated in the demo without regard to the published one: it proves nothing.'
        when verdict = 'same' and source = 'document'
            then 'The indicator is this printed figure; that they are equal proves nothing.'
        when verdict = 'same' then 'The figures are equal.'
        when verdict = 'within_rounding'
            then 'The difference is not above the rounding in the document (' || rounding_en || ').'
        when verdict = 'within_tolerance' and bound = 'lower' then 'Our figure is not below the bound that is stated.'
        when verdict = 'within_tolerance' and bound = 'upper' then 'Our figure is not above the bound that is stated.'
        when verdict = 'within_tolerance'
            then 'The difference is not above what counts as the same (' || tolerance_en || ').'
        when verdict = 'differs_as_explained' then why_different_en
        else 'The difference is above the rounding, and no reason is given: it must be looked into.'
    end as reason_en
from verdicts
order by ref_id
