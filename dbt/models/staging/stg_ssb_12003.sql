-- Generated from schemas/ by `make generate`: edit there, not here.
{{ stage_table(
    source('typed', 'ssb_12003'),
    columns=['age_group', 'age_group_label', 'age_group_group', 'service_group', 'service_group_label', 'service_group_group'],
    categories=['age_group_group', 'service_group_group'],
    calendar='kostra',
    zero_means_missing=[],
    revised_on='06-15'
) }}
