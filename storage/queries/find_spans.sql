-- name: find_spans
-- The spans of ($1 project, $2 trace, $3 span) that are stored. $4 and $5 bound their starts, inclusive.
SELECT c.project_id, c.trace_id, c.span_id
FROM unnest($1::integer[], $2::uuid[], $3::bigint[]) AS q (project_id, trace_id, span_id)
JOIN costkey.call c USING (trace_id, span_id, project_id)
WHERE c.started_at BETWEEN $4 AND $5
