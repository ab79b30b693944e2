-- Each municipality code that a reform touched, and the day: its area or its code was another the day before.
-- A change of name alone (same code on both sides) touches nothing.
with moved as (
    select
        old_code,
        new_code,
        changed_on
    from {{ source('typed', 'klass_131_changes') }}
    where old_code is distinct from new_code
)

select
    old_code as region_code,
    changed_on
from moved
where old_code is not null
union
select
    new_code,
    changed_on
from moved
where new_code is not null
