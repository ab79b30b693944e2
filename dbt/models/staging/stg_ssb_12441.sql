-- Generated from schemas/ by `make generate`: edit there, not here.
{{ stage_table(
    source('typed', 'ssb_12441'),
    columns=['sex', 'sex_label', 'sex_group', 'industry', 'industry_label', 'industry_group', 'absence_type', 'absence_type_label', 'absence_type_group'],
    categories=['sex_group', 'industry_group', 'absence_type_group'],
    calendar='annual',
    zero_means_missing=[],
    revised_on='02-26'
) }}
