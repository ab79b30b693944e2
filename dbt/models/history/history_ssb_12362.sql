-- Generated from schemas/ by `make generate`: edit there, not here.
{{ history_table(
    source('typed', 'ssb_12362'),
    table='ssb_12362',
    columns=['function', 'type'],
    calendar='kostra',
    zero_means_missing=[],
    revised_on='06-15'
) }}
