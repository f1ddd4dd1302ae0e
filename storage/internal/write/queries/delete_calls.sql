-- name: delete_calls
-- Takes out the first $9 of the calls ($1 project, $2 trace, $3 span, $4 start), with their bodies, and holds the others. It
-- returns how many of all there are that still have their ($5 attributes, $6 cost): others were repriced, and the hourly
-- sums, which are the caller's, hold them as something else. $7 and $8 bound the starts. Rows are locked in the order of
-- their keys.
WITH q AS MATERIALIZED (
    SELECT c.trace_id, c.project_id, c.span_id, c.started_at, q.n
    FROM (SELECT *
          FROM unnest($1::bigint[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::bigint[], $6::text[]) WITH ORDINALITY
              AS q (project_id, trace_id, span_id, started_at, attributes_id, cost, n)
          ORDER BY trace_id, project_id, span_id) AS q,
         LATERAL (SELECT * FROM costkey.call c
                  WHERE c.trace_id = q.trace_id AND c.project_id = q.project_id AND c.span_id = q.span_id
                    AND c.started_at = q.started_at AND c.started_at BETWEEN $7 AND $8
                    AND c.attributes_id = q.attributes_id AND c.cost_usd IS NOT DISTINCT FROM q.cost::numeric
                  FOR UPDATE) AS c
), bodies AS (
    DELETE FROM costkey.call_body b USING q
    WHERE b.trace_id = q.trace_id AND b.project_id = q.project_id AND b.span_id = q.span_id
      AND b.started_at = q.started_at AND b.started_at BETWEEN $7 AND $8 AND q.n <= $9
), gone AS (
    DELETE FROM costkey.call c USING q
    WHERE c.trace_id = q.trace_id AND c.project_id = q.project_id AND c.span_id = q.span_id
      AND c.started_at = q.started_at AND c.started_at BETWEEN $7 AND $8 AND q.n <= $9
)
SELECT count(*) FROM q
