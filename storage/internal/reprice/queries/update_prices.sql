-- name: update_prices
-- Gives calls ($1 project, $2 trace, $3 span, $4 start) new attributes and costs ($7, $8) where the old ones ($5, $6) are still
-- there, and returns the keys of those. $9 and $10 bound the starts, inclusive: what lets PostgreSQL leave out other
-- partitions. Rows are locked in the order of their keys.
WITH held AS MATERIALIZED (
    SELECT c.started_at, c.trace_id, c.span_id, c.project_id, q.attributes_id, q.cost
    FROM (SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::bigint[], $6::text[], $7::bigint[],
                               $8::text[])
              AS q (project_id, trace_id, span_id, started_at, old_attributes, old_cost, attributes_id, cost)
          ORDER BY trace_id, project_id, span_id) AS q,
         LATERAL (SELECT * FROM costkey.call c
                  WHERE c.trace_id = q.trace_id AND c.project_id = q.project_id AND c.span_id = q.span_id
                    AND c.started_at = q.started_at AND c.started_at BETWEEN $9 AND $10
                    AND c.attributes_id = q.old_attributes AND c.cost_usd IS NOT DISTINCT FROM q.old_cost::numeric
                  FOR UPDATE) AS c
)
UPDATE costkey.call c
SET attributes_id = h.attributes_id, cost_usd = h.cost::numeric
FROM held h
WHERE c.trace_id = h.trace_id AND c.project_id = h.project_id AND c.span_id = h.span_id AND c.started_at = h.started_at
  AND c.started_at BETWEEN $9 AND $10
RETURNING c.project_id, c.trace_id, c.span_id
