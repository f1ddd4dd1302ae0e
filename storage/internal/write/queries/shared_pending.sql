-- name: shared_pending
-- Those of the traces ($1 number, $2 trace, $3 start) of project $4 that hold several calls within the window $5. $6 and $7
-- bound the starts of all calls: what lets PostgreSQL leave out other partitions.
SELECT q.n
FROM unnest($1::integer[], $2::uuid[], $3::timestamptz[]) AS q (n, trace_id, started_at)
WHERE (SELECT count(*) > 1
       FROM (SELECT FROM costkey.call c
             WHERE c.trace_id = q.trace_id AND c.project_id = $4
               AND c.started_at BETWEEN q.started_at - $5::interval AND q.started_at + $5::interval
               AND c.started_at BETWEEN $6 AND $7
             LIMIT 2) AS c)
