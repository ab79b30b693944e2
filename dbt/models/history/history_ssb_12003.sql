-- Generated from schemas/ by `make generate`: edit there, not here.
{{ history_table(
    source('typed', 'ssb_12003'),
    table='ssb_12003',
    columns=['age_group', 'service_group'],
    calendar='kostra',
    zero_means_missing=[],
    revised_on='06-15'
) }}
