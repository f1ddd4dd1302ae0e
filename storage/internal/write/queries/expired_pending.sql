-- name: expired_pending
-- Up to $4 pending traces of project $1 behind $2 that are older than the window $3, the oldest first.
SELECT s.id, s.trace_id, s.started_at
FROM (SELECT * FROM costkey.pending_trace WHERE project_id = $1 AND id > $2 ORDER BY project_id, id LIMIT $4) AS s
WHERE s.written_at < now() - $3::interval
ORDER BY s.id
