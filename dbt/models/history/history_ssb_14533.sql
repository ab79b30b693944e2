-- Generated from schemas/ by `make generate`: edit there, not here.
{{ history_table(
    source('typed', 'ssb_14533'),
    table='ssb_14533',
    columns=['occupation'],
    calendar='kostra',
    zero_means_missing=[],
    revised_on='06-15'
) }}
