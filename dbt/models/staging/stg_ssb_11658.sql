-- Generated from schemas/ by `make generate`: edit there, not here.
{{ stage_table(
    source('typed', 'ssb_11658'),
    columns=['occupation', 'occupation_label', 'occupation_group', 'sex', 'sex_label', 'sex_group', 'age_group', 'age_group_label', 'age_group_group'],
    categories=['occupation_group', 'sex_group', 'age_group_group'],
    calendar='quarterly',
    zero_means_missing=[],
    revised_on='11-12'
) }}
