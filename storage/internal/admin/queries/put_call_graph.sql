-- name: put_call_graph
-- Stores a graph of project $1 and drops its oldest beyond $5.
WITH fresh AS (
    INSERT INTO costkey.call_graph (project_id, key, sdk_version, functions)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (project_id, key) DO UPDATE SET sdk_version = excluded.sdk_version, received_at = now()
)
DELETE FROM costkey.call_graph
WHERE (project_id, key) IN (SELECT project_id, key FROM costkey.call_graph
                            WHERE project_id = $1 AND key <> $2
                            ORDER BY received_at DESC, key OFFSET $5 - 1)
