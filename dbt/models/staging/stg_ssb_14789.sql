-- Generated from schemas/ by `make generate`: edit there, not here.
{{ stage_table(
    source('typed', 'ssb_14789'),
    columns=['sex', 'sex_label', 'sex_group', 'occupation', 'occupation_label', 'occupation_group'],
    categories=['sex_group', 'occupation_group'],
    calendar='annual',
    zero_means_missing=[],
    revised_on='02-26'
) }}
