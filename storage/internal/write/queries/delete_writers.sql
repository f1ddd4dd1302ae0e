-- name: delete_writers
-- Forgets writers that wrote nothing for $1.
DELETE FROM costkey.writer WHERE wrote_at < now() - $1::interval
