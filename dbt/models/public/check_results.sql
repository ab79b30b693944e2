-- Every check of every recorded night. Tonight's are added when the file is published, since some judge this file.
select *
from {{ source('catalog', 'check_results') }}
order by night_id, asset, check_name
