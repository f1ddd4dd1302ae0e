-- name: delete_nodes
-- Forgets up to $2 of the spans without a row that are older than twice the window $1: chains outlive their ends.
DELETE FROM costkey.trace_node n
USING (SELECT trace_id, project_id, span_id FROM costkey.trace_node WHERE written_at < now() - 2 * $1::interval LIMIT $2) AS o
WHERE n.trace_id = o.trace_id AND n.project_id = o.project_id AND n.span_id = o.span_id
