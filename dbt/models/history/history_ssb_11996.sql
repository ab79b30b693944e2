-- Generated from schemas/ by `make generate`: edit there, not here.
{{ history_table(
    source('typed', 'ssb_11996'),
    table='ssb_11996',
    columns=['agreement_type', 'function'],
    calendar='kostra',
    zero_means_missing=[],
    revised_on='06-15'
) }}
