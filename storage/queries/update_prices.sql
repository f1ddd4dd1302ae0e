-- name: update_prices
-- Gives calls ($1 project, $2 trace, $3 span, $4 start) new numbers and costs ($8 cell, $9 variant, $10 cost) where the
-- old ones ($5, $6, $7) are still there, and returns the keys of those. $11 and $12 bound the starts, inclusive: what
-- lets PostgreSQL leave out other partitions. Rows are locked in the order of their keys.
WITH q AS (
    SELECT * FROM unnest($1::integer[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::integer[], $6::integer[],
                         $7::text[], $8::integer[], $9::integer[], $10::text[])
        AS q (project_id, trace_id, span_id, started_at, old_cell, old_variant, old_cost, cell, variant, cost)
), held AS MATERIALIZED (
    SELECT c.started_at, c.trace_id, c.span_id, c.project_id, q.cell, q.variant, q.cost
    FROM costkey.call c
    JOIN q USING (started_at, trace_id, span_id, project_id)
    WHERE c.started_at BETWEEN $11 AND $12 AND c.cell_id = q.old_cell AND c.variant_id = q.old_variant
      AND c.cost_usd IS NOT DISTINCT FROM q.old_cost::numeric
    ORDER BY c.trace_id, c.span_id, c.project_id
    FOR UPDATE OF c
)
UPDATE costkey.call c
SET cell_id = h.cell, variant_id = h.variant, cost_usd = h.cost::numeric
FROM held h
WHERE c.started_at BETWEEN $11 AND $12 AND c.started_at = h.started_at AND c.trace_id = h.trace_id
  AND c.span_id = h.span_id AND c.project_id = h.project_id
RETURNING c.project_id, c.trace_id, c.span_id
