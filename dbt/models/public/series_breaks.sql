-- Where each series is cut, and why: figures from before a period named here are not compared with those from it on.
with followed as (
    select
        segments.*,
        lag(segments.series_segment) over series as segment_before,
        lag(segments.year) over series as year_before
    from {{ ref('series_segments') }} as segments
    window series as (
        partition by segments.indicator_id, segments.structure, segments.region_code
        order by cast(segments.year as integer)
    )
),

cuts as (
    select *
    from followed
    where series_segment <> segment_before
),

breaks as (
    select distinct
        found.indicator_id,
        found.break_id,
        found.region_level,
        left(found.at, 4) as year,
        texts.name_nb,
        texts.name_en
    from {{ source('catalog', 'indicator_breaks') }} as found
    inner join {{ source('catalog', 'breaks') }} as texts on found.break_id = texts.break_id
),

defined as (
    select
        cuts.indicator_id,
        cuts.structure,
        cuts.region_code,
        cuts.year,
        'definition' as cause,
        breaks.break_id,
        breaks.name_nb as reason_nb,
        breaks.name_en as reason_en
    from cuts
    inner join {{ ref('region_years') }} as regions
        on cuts.structure = regions.structure and cuts.region_code = regions.region_code and cuts.year = regions.year
    inner join breaks
        on
            cuts.indicator_id = breaks.indicator_id
            and cuts.year_before < breaks.year
            and cuts.year >= breaks.year
            and {{ break_concerns('breaks', 'regions') }}
),

told as (
    select
        indicator_id,
        structure,
        region_code,
        year,
        count(*) as breaks
    from defined
    group by indicator_id, structure, region_code, year
),

moved as (
    select
        cuts.indicator_id,
        cuts.structure,
        cuts.region_code,
        cuts.year,
        'area' as cause,
        cast(null as varchar) as break_id,
        'Koden står for et annet område enn året før' as reason_nb,
        'The code stands for another area than the year before' as reason_en
    from cuts
    inner join {{ ref('area_changes') }} as changes
        on
            cuts.structure = 'as_published'
            and cuts.region_code = changes.region_code
            and cuts.year = changes.year
),

begun as (
    select
        cuts.indicator_id,
        cuts.structure,
        cuts.region_code,
        cuts.year,
        'area' as cause,
        cast(null as varchar) as break_id,
        case
            when definitions.method in ('published', 'model')
                then 'SSBs egen rate finnes ikke for dagens område før dette året, og rater slås ikke sammen'
            else 'Dagens område kan ikke lages av tidligere kommuner før dette året'
        end as reason_nb,
        case
            when definitions.method in ('published', 'model')
                then 'Statistics Norway has no rate for today''s area before this year, and rates are not merged'
            else 'Today''s area cannot be made of earlier municipalities before this year'
        end as reason_en
    from cuts
    inner join {{ source('catalog', 'indicators') }} as definitions on cuts.indicator_id = definitions.indicator_id
    left join told
        on
            cuts.indicator_id = told.indicator_id
            and cuts.structure = told.structure
            and cuts.region_code = told.region_code
            and cuts.year = told.year
    where
        cuts.structure = 'current'
        and cuts.series_segment - cuts.segment_before > coalesce(told.breaks, 0)
),

causes as (
    select * from defined
    union all
    select * from moved
    union all
    select * from begun
)

select
    causes.indicator_id,
    causes.structure,
    causes.region_code,
    regions.region_name,
    regions.region_level,
    causes.year as period,
    causes.cause,
    causes.break_id,
    causes.reason_nb,
    causes.reason_en
from causes
inner join {{ ref('region_years') }} as regions
    on
        causes.structure = regions.structure
        and causes.region_code = regions.region_code
        and causes.year = regions.year
order by causes.structure, causes.indicator_id, causes.region_code, causes.year, causes.cause, causes.break_id
