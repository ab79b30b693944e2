-- Generated from schemas/ by `make generate`: edit there, not here.
{{ stage_table(
    source('typed', 'ssb_12367'),
    columns=['scope', 'scope_label', 'scope_group', 'function', 'function_label', 'function_group', 'type', 'type_label', 'type_group'],
    categories=['scope_group', 'function_group', 'type_group'],
    calendar='kostra',
    zero_means_missing=[],
    revised_on='06-15'
) }}
