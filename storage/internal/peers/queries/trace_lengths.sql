-- name: trace_lengths
-- How many rows and nodes each of the traces ($1 project, $2 trace, calls from $3 until $4) has, $5 at most.
SELECT q.project_id, q.trace_id,
       (SELECT count(*) FROM (SELECT FROM costkey.call c
                              WHERE c.trace_id = q.trace_id AND c.project_id = q.project_id
                                AND c.started_at BETWEEN q.first AND q.last AND c.started_at BETWEEN $6 AND $7
                              LIMIT $5) AS c)
     + (SELECT count(*) FROM (SELECT FROM costkey.trace_node n
                              WHERE n.trace_id = q.trace_id AND n.project_id = q.project_id LIMIT $5) AS n)
FROM unnest($1::bigint[], $2::uuid[], $3::timestamptz[], $4::timestamptz[]) AS q (project_id, trace_id, first, last)
