-- name: delete
-- Deletes the dead letters $1.
DELETE FROM costkey.dead_letter WHERE id = ANY ($1::bigint[])
