-- name: trace_nodes
-- The spans without a row in the traces ($1 project, $2 trace).
SELECT n.project_id, n.trace_id, n.span_id, n.parent_span_id, n.replaced_by_span_id, n.observer, n.started_at, p.slug
FROM unnest($1::bigint[], $2::uuid[]) AS q (project_id, trace_id),
     LATERAL (SELECT * FROM costkey.trace_node n
              WHERE n.trace_id = q.trace_id AND n.project_id = q.project_id OFFSET 0) AS n
JOIN costkey.project p ON p.id = n.project_id
