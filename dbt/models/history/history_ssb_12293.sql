-- Generated from schemas/ by `make generate`: edit there, not here.
{{ history_table(
    source('typed', 'ssb_12293'),
    table='ssb_12293',
    columns=[],
    calendar='kostra',
    zero_means_missing=['occupancy'],
    revised_on='06-15'
) }}
