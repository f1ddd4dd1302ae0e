-- name: delete_unused
-- Deletes up to $2 rows of an interned table that nobody named since before $1.
DELETE FROM costkey.{table} t
USING (SELECT project_id, id FROM costkey.{table} WHERE used_on < $1 LIMIT $2) AS o
WHERE t.project_id = o.project_id AND t.id = o.id
