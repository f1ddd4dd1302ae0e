-- name: delete_unused
-- Deletes the first $2 rows of an interned table that nobody named since before $1.
WITH last AS MATERIALIZED (
    SELECT project_id, id FROM costkey.{table} WHERE used_on < $1 ORDER BY project_id, id OFFSET $2 - 1 LIMIT 1
)
DELETE FROM costkey.{table}
WHERE used_on < $1
  AND (project_id, id) <= (coalesce((SELECT project_id FROM last), 9223372036854775807),
                           coalesce((SELECT id FROM last), 9223372036854775807))
