-- Generated from schemas/ by `make generate`: edit there, not here.
{{ stage_table(
    source('typed', 'ssb_12191'),
    columns=[],
    categories=[],
    calendar='kostra',
    zero_means_missing=[],
    revised_on='06-15'
) }}
