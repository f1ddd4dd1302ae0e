-- name: delete_expired
-- Deletes the calls of the projects $1 within the blocks from $2 until $3 of a day, and their bodies. Their
-- hourly sums stay: costs outlive calls. The project is no index condition: all of an index would be read for some blocks.
WITH gone AS (
    DELETE FROM costkey.call_{day}
    WHERE ctid >= $2::tid AND ctid < $3::tid AND (project_id = ANY ($1::bigint[])) IS TRUE
    RETURNING trace_id, project_id, span_id
), bodies AS (
    DELETE FROM costkey.call_body_{day} b USING gone g
    WHERE b.trace_id = g.trace_id AND b.project_id = g.project_id AND b.span_id = g.span_id
)
SELECT count(*) FROM gone
