-- name: begin_task
INSERT INTO costkey.maintenance_task (task, started_at) VALUES ($1, clock_timestamp())
ON CONFLICT (task) DO UPDATE SET started_at = excluded.started_at, finished_at = NULL
