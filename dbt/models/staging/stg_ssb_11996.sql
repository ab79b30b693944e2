-- Generated from schemas/ by `make generate`: edit there, not here.
{{ stage_table(
    source('typed', 'ssb_11996'),
    columns=['agreement_type', 'agreement_type_label', 'agreement_type_group', 'function', 'function_label', 'function_group'],
    categories=['agreement_type_group', 'function_group'],
    calendar='kostra',
    zero_means_missing=[],
    revised_on='06-15'
) }}
