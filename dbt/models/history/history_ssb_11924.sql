-- Generated from schemas/ by `make generate`: edit there, not here.
{{ history_table(
    source('typed', 'ssb_11924'),
    table='ssb_11924',
    columns=['education'],
    calendar='kostra',
    zero_means_missing=[],
    revised_on='06-15'
) }}
