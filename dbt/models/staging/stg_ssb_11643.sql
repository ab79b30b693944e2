-- Generated from schemas/ by `make generate`: edit there, not here.
{{ stage_table(
    source('typed', 'ssb_11643'),
    columns=['service_type', 'service_type_label', 'service_type_group', 'age_group', 'age_group_label', 'age_group_group'],
    categories=['service_type_group', 'age_group_group'],
    calendar='annual',
    zero_means_missing=[],
    revised_on='06-30'
) }}
