-- Generated from schemas/ by `make generate`: edit there, not here.
{{ history_table(
    source('typed', 'ssb_09429'),
    table='ssb_09429',
    columns=['education_level', 'sex'],
    calendar='annual',
    zero_means_missing=[],
    revised_on='06-19'
) }}
