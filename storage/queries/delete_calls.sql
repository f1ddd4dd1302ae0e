-- name: delete_calls
-- Takes out calls and their bodies by ($1 project, $2 trace, $3 span, $4 start) that still have their ($5 cell, $6 variant,
-- $7 cost): others were repriced, and the hourly sums, which are the caller's, hold them as something else.
WITH q AS (
    SELECT * FROM unnest($1::integer[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::integer[], $6::integer[], $7::text[])
        AS q (project_id, trace_id, span_id, started_at, cell_id, variant_id, cost)
), bodies AS (
    DELETE FROM costkey.call_body b USING q
    WHERE b.trace_id = q.trace_id AND b.span_id = q.span_id AND b.project_id = q.project_id
      AND b.started_at = q.started_at
)
DELETE FROM costkey.call c USING q
WHERE c.trace_id = q.trace_id AND c.span_id = q.span_id AND c.project_id = q.project_id
  AND c.started_at = q.started_at
  AND c.cell_id = q.cell_id AND c.variant_id = q.variant_id AND c.cost_usd IS NOT DISTINCT FROM q.cost::numeric
