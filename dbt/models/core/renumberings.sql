-- Pure renumberings: one old code became one new code, the old ended and the new began that day.
with moved as (
    select distinct
        old_code,
        new_code,
        changed_on
    from {{ source('typed', 'klass_131_changes') }}
    where old_code <> new_code
),

counted as (
    select
        *,
        count(*) over (partition by old_code, changed_on) as successors,
        count(*) over (partition by new_code, changed_on) as predecessors
    from moved
),

lives as (
    select
        code,
        min(valid_from) as first_day,
        max(coalesce(valid_to, date '9999-12-31')) as last_day
    from {{ source('typed', 'klass_131_codes') }}
    group by code
)

select
    counted.old_code,
    counted.new_code,
    counted.changed_on
from counted
inner join lives as old_life on counted.old_code = old_life.code and counted.changed_on = old_life.last_day
inner join lives as new_life on counted.new_code = new_life.code and counted.changed_on = new_life.first_day
where counted.successors = 1 and counted.predecessors = 1
