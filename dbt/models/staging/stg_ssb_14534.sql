-- Generated from schemas/ by `make generate`: edit there, not here.
{{ stage_table(
    source('typed', 'ssb_14534'),
    columns=['position_type', 'position_type_label', 'position_type_group', 'education', 'education_label', 'education_group'],
    categories=['position_type_group', 'education_group'],
    calendar='kostra',
    zero_means_missing=[],
    revised_on='06-15'
) }}
