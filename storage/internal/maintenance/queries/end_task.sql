-- name: end_task
-- Notes that the task $1 ended, how much it did in $2, and its error $3, '' for none.
UPDATE costkey.maintenance_task SET finished_at = clock_timestamp(), done = $2, error = nullif($3, '') WHERE task = $1
