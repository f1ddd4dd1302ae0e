-- name: is_due
-- Whether the task $1 was not finished without an error within $2.
SELECT NOT EXISTS (SELECT FROM costkey.maintenance_task
                   WHERE task = $1 AND error IS NULL AND finished_at > clock_timestamp() - $2::interval)
