-- name: delete_writers
-- Forgets stores that wrote nothing for $1.
DELETE FROM costkey.writer WHERE wrote_at < now() - $1::interval
