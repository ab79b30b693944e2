-- Generated from schemas/ by `make generate`: edit there, not here.
{{ stage_table(
    source('typed', 'ssb_14746'),
    columns=['sex', 'sex_label', 'sex_group', 'age'],
    categories=none,
    calendar='annual',
    zero_means_missing=[],
    revised_on='06-30'
) }}
