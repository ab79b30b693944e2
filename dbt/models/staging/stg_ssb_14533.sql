-- Generated from schemas/ by `make generate`: edit there, not here.
{{ stage_table(
    source('typed', 'ssb_14533'),
    columns=['occupation', 'occupation_label', 'occupation_group'],
    categories=['occupation_group'],
    calendar='kostra',
    zero_means_missing=[],
    revised_on='06-15'
) }}
