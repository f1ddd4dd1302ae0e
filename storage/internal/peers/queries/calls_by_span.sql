-- name: calls_by_span
-- The calls that are the spans ($1 project, $2 trace, $3 span), from $4 until $5.
SELECT {stored}
FROM unnest($1::bigint[], $2::uuid[], $3::bigint[]) AS q (project_id, trace_id, span_id),
     LATERAL (SELECT * FROM costkey.call c
              WHERE c.trace_id = q.trace_id AND c.project_id = q.project_id AND c.span_id = q.span_id
                AND c.started_at BETWEEN $4 AND $5
              OFFSET 0) AS c
{stored_joins}
