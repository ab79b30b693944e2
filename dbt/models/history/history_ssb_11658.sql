-- Generated from schemas/ by `make generate`: edit there, not here.
{{ history_table(
    source('typed', 'ssb_11658'),
    table='ssb_11658',
    columns=['occupation', 'sex', 'age_group'],
    calendar='quarterly',
    zero_means_missing=[],
    revised_on='11-12'
) }}
