-- Generated from schemas/ by `make generate`: edit there, not here.
{{ history_table(
    source('typed', 'ssb_12441'),
    table='ssb_12441',
    columns=['sex', 'industry', 'absence_type'],
    calendar='annual',
    zero_means_missing=[],
    revised_on='02-26'
) }}
