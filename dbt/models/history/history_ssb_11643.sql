-- Generated from schemas/ by `make generate`: edit there, not here.
{{ history_table(
    source('typed', 'ssb_11643'),
    table='ssb_11643',
    columns=['service_type', 'age_group'],
    calendar='annual',
    zero_means_missing=[],
    revised_on='06-30'
) }}
