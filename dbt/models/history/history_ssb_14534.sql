-- Generated from schemas/ by `make generate`: edit there, not here.
{{ history_table(
    source('typed', 'ssb_14534'),
    table='ssb_14534',
    columns=['position_type', 'education'],
    calendar='kostra',
    zero_means_missing=[],
    revised_on='06-15'
) }}
