-- name: bodies
-- The bodies of the calls ($1 project, $2 trace, $3 span), from $4 until $5.
SELECT b.project_id, b.trace_id, b.span_id, b.request_body, b.response_body
FROM unnest($1::bigint[], $2::uuid[], $3::bigint[]) AS q (project_id, trace_id, span_id),
     LATERAL (SELECT * FROM costkey.call_body b
              WHERE b.trace_id = q.trace_id AND b.project_id = q.project_id AND b.span_id = q.span_id
                AND b.started_at BETWEEN $4 AND $5
              OFFSET 0) AS b
