-- Generated from schemas/ by `make generate`: edit there, not here.
{{ stage_table(
    source('typed', 'ssb_11924'),
    columns=['education', 'education_label', 'education_group'],
    categories=['education_group'],
    calendar='kostra',
    zero_means_missing=[],
    revised_on='06-15'
) }}
