-- Generated from schemas/ by `make generate`: edit there, not here.
{{ history_table(
    source('typed', 'ssb_12451'),
    table='ssb_12451',
    columns=['sex'],
    calendar='quarterly',
    zero_means_missing=[],
    revised_on='11-26'
) }}
