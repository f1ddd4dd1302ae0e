-- name: tasks
SELECT task, started_at, finished_at, done, coalesce(error, '') FROM costkey.maintenance_task ORDER BY task
