-- name: calls_by_parent
-- The calls right inside the spans ($1 project, $2 trace, $3 span), from $4 until $5, the first $6 of each. The trace is no
-- index condition: it would be looked up by the trace, which is long.
SELECT {stored}
FROM unnest($1::bigint[], $2::uuid[], $3::bigint[]) AS q (project_id, trace_id, span_id),
     LATERAL (SELECT * FROM costkey.call c
              WHERE c.parent_span_id = q.span_id AND c.started_at BETWEEN $4 AND $5
                AND (c.trace_id = q.trace_id AND c.project_id = q.project_id) IS TRUE
              ORDER BY c.started_at LIMIT $6) AS c
{stored_joins}
