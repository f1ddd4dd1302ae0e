-- name: list_call_graphs
-- The graphs of project $1, the latest first.
SELECT g.sdk_version, g.functions, g.received_at
FROM costkey.call_graph g JOIN costkey.project p ON p.id = g.project_id
WHERE p.slug = $1
ORDER BY g.received_at DESC, g.key
