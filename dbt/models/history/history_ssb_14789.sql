-- Generated from schemas/ by `make generate`: edit there, not here.
{{ history_table(
    source('typed', 'ssb_14789'),
    table='ssb_14789',
    columns=['sex', 'occupation'],
    calendar='annual',
    zero_means_missing=[],
    revised_on='02-26'
) }}
