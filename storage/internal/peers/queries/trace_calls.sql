-- name: trace_calls
-- The calls of the traces ($1 project, $2 trace) from $3 until $4. $5 and $6 bound them all.
SELECT {stored}
FROM unnest($1::bigint[], $2::uuid[], $3::timestamptz[], $4::timestamptz[]) AS q (project_id, trace_id, first, last),
     LATERAL (SELECT * FROM costkey.call c
              WHERE c.trace_id = q.trace_id AND c.project_id = q.project_id
                AND c.started_at BETWEEN q.first AND q.last AND c.started_at BETWEEN $5 AND $6
              OFFSET 0) AS c
{stored_joins}
