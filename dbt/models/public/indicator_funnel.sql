-- Each municipality's figure against the control limits of the country and of its KOSTRA group.
select
    limits.indicator_id,
    limits.definition_version,
    limits.structure,
    limits.region_code,
    regions.region_name,
    limits.period,
    limits.series_segment,
    limits.value,
    limits.unit,
    limits.obs_status,
    limits.denominator,
    limits.interval_method,
    limits.small_number,
    limits.comparator,
    limits.comparator_code,
    limits.comparator_name,
    limits.units,
    limits.refused,
    limits.baseline,
    limits.lower_95,
    limits.upper_95,
    limits.lower_998,
    limits.upper_998,
    limits.dispersion,
    limits.overdispersed,
    limits.spread_between,
    limits.adjusted_lower_95,
    limits.adjusted_upper_95,
    limits.adjusted_lower_998,
    limits.adjusted_upper_998,
    limits.deviation,
    limits.funnel_class,
    limits.judgement,
    case
        when limits.refused = 'few_units' then 'Ikke vurdert: for få kommuner med tall'
        when limits.refused = 'no_variation' then 'Ikke vurdert: ingen variasjon i gruppen'
        when limits.judgement = 'within' then 'Innenfor det tilfeldigheter og vanlig spredning tilsier'
        else
            {{ judgement_in_words(
                'Klart ',
                {'better': 'bedre', 'worse': 'dårligere', 'higher': 'høyere', 'lower': 'lavere'}
            ) }}
            || ' enn sammenligningsgrunnlaget'
    end as judgement_nb,
    case
        when limits.refused = 'few_units' then 'Not judged: too few municipalities with a figure'
        when limits.refused = 'no_variation' then 'Not judged: no variation in the group'
        when limits.judgement = 'within' then 'Within what chance and the usual spread explain'
        else
            {{ judgement_in_words(
                'Clearly ',
                {'better': 'better', 'worse': 'worse', 'higher': 'higher', 'lower': 'lower'}
            ) }}
            || ' than what it is compared with'
    end as judgement_en,
    limits.vintage,
    limits.source,
    limits.is_stale
from {{ ref('funnel_limits') }} as limits
inner join {{ ref('region_years') }} as regions
    on
        limits.structure = regions.structure
        and limits.region_code = regions.region_code
        and left(limits.period, 4) = regions.year
order by limits.indicator_id, limits.region_code, limits.period, limits.comparator
