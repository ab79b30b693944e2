-- Generated from schemas/ by `make generate`: edit there, not here.
{{ history_table(
    source('typed', 'ssb_07459'),
    table='ssb_07459',
    columns=['sex', 'age'],
    calendar='annual',
    zero_means_missing=[],
    revised_on='02-25'
) }}
