-- The seventeen measures of the Directorate of Health: their status, the indicators that can show their effect, and
-- what would have to be known besides.
with linked as (
    select
        links.measure_no,
        string_agg(definitions.indicator_id, ', ' order by definitions.indicator_id) filter (
            where definitions.availability = 'computed'
        ) as computed,
        string_agg(definitions.indicator_id, ', ' order by definitions.indicator_id) filter (
            where definitions.availability = 'upload'
        ) as upload,
        string_agg(definitions.indicator_id, ', ' order by definitions.indicator_id) filter (
            where definitions.availability = 'reference_only'
        ) as reference_only,
        count(*) filter (where definitions.availability = 'computed' and definitions.is_effect_measure) as effects
    from {{ source('catalog', 'measure_indicators') }} as links
    inner join {{ source('catalog', 'indicators') }} as definitions
        on links.indicator_id = definitions.indicator_id and definitions.indicator_id = definitions.family_id
    group by links.measure_no
)

select
    measures.measure_no,
    measures.summary_nb,
    measures.summary_en,
    measures.target_group_nb,
    measures.target_group_en,
    measures.level_nb,
    measures.level_en,
    measures.status_nb,
    measures.status_en,
    measures.status_date,
    measures.chapter,
    linked.computed as indicators_computed,
    linked.upload as indicators_upload,
    linked.reference_only as indicators_reference_only,
    case
        when linked.effects > 0 then 'open_data'
        when linked.upload is not null then 'upload'
        else 'no'
    end as effect_can_be_seen,
    measures.missing_data_nb,
    measures.missing_data_en
from {{ source('catalog', 'measures') }} as measures
left join linked on measures.measure_no = linked.measure_no
order by measures.measure_no
