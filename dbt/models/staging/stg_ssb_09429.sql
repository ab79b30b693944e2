-- Generated from schemas/ by `make generate`: edit there, not here.
{{ stage_table(
    source('typed', 'ssb_09429'),
    columns=['education_level', 'education_level_label', 'education_level_group', 'sex', 'sex_label', 'sex_group'],
    categories=['education_level_group', 'sex_group'],
    calendar='annual',
    zero_means_missing=[],
    revised_on='06-19'
) }}
