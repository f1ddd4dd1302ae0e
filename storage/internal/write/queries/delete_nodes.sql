-- name: delete_nodes
-- Forgets the $2 oldest of the spans without a row that are older than twice the window $1, and what was written with the last
-- of them: chains outlive their ends.
DELETE FROM costkey.trace_node
WHERE written_at < now() - 2 * $1::interval
  AND written_at <= coalesce((SELECT written_at FROM costkey.trace_node WHERE written_at < now() - 2 * $1::interval
                              ORDER BY written_at OFFSET $2 - 1 LIMIT 1), now())
