-- Generated from schemas/ by `make generate`: edit there, not here.
{{ history_table(
    source('typed', 'ssb_14746'),
    table='ssb_14746',
    columns=['sex', 'age'],
    calendar='annual',
    zero_means_missing=[],
    revised_on='06-30'
) }}
