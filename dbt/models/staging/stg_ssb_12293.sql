-- Generated from schemas/ by `make generate`: edit there, not here.
{{ stage_table(
    source('typed', 'ssb_12293'),
    columns=[],
    categories=[],
    calendar='kostra',
    zero_means_missing=['occupancy'],
    revised_on='06-15'
) }}
