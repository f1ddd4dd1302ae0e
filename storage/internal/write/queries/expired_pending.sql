-- name: expired_pending
-- Up to $4 pending traces of project $1 behind $2 that are older than the window $3, the oldest first, and whether they hold
-- several calls.
SELECT s.id, s.trace_id, s.started_at,
       (SELECT count(*) > 1
        FROM (SELECT FROM costkey.call c
              WHERE c.trace_id = s.trace_id AND c.project_id = s.project_id
                AND c.started_at BETWEEN s.started_at - $3::interval AND s.started_at + $3::interval
              LIMIT 2) AS c) AS shared
FROM (SELECT * FROM costkey.pending_trace WHERE project_id = $1 AND id > $2 ORDER BY project_id, id LIMIT $4) AS s
WHERE s.written_at < now() - $3::interval
ORDER BY s.id
