-- name: insert
-- Keeps calls ($1 project, $2 trace, $3 span, $4 content) as dead letters, with $5 reason, $6 SQLSTATE and $7 error; one that is
-- there stays as it is.
INSERT INTO costkey.dead_letter (project, trace_id, span_id, call, reason, sqlstate, error)
SELECT q.project, q.trace_id, q.span_id, q.call, $5, nullif($6, ''), $7
FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::bytea[]) AS q (project, trace_id, span_id, call)
ON CONFLICT (project, trace_id, span_id) DO NOTHING
