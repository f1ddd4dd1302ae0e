-- name: expired_suspects
-- Up to $2 calls whose settle window ($1) is over, the oldest first, and whether other calls stand near them in the trace.
SELECT s.started_at, s.written_at, s.trace_id, s.project_id,
       (SELECT count(*) > 1
        FROM costkey.call c
        WHERE c.trace_id = s.trace_id AND c.project_id = s.project_id
          AND c.started_at BETWEEN s.started_at - $1::interval AND s.started_at + $1::interval) AS shared
FROM costkey.suspect s
WHERE s.written_at < now() - $1::interval
ORDER BY s.written_at
LIMIT $2
