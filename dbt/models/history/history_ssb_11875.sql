-- Generated from schemas/ by `make generate`: edit there, not here.
{{ history_table(
    source('typed', 'ssb_11875'),
    table='ssb_11875',
    columns=[],
    calendar='kostra',
    zero_means_missing=[],
    revised_on='06-15'
) }}
