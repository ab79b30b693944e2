-- Generated from schemas/ by `make generate`: edit there, not here.
{{ stage_table(
    source('typed', 'ssb_12451'),
    columns=['sex', 'sex_label', 'sex_group'],
    categories=['sex_group'],
    calendar='quarterly',
    zero_means_missing=[],
    revised_on='11-26'
) }}
