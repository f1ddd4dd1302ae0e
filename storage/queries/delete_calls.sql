-- name: delete_calls
-- Takes out calls and their bodies by ($1 project, $2 trace, $3 span, $4 start). The hourly sums are the caller's.
WITH q AS (
    SELECT * FROM unnest($1::integer[], $2::uuid[], $3::bigint[], $4::timestamptz[])
        AS q (project_id, trace_id, span_id, started_at)
), bodies AS (
    DELETE FROM costkey.call_body b USING q
    WHERE b.trace_id = q.trace_id AND b.span_id = q.span_id AND b.project_id = q.project_id
      AND b.started_at = q.started_at
)
DELETE FROM costkey.call c USING q
WHERE c.trace_id = q.trace_id AND c.span_id = q.span_id AND c.project_id = q.project_id
  AND c.started_at = q.started_at
