-- name: others_wrote
-- When a store other than $1 wrote last; $2 ago where none is remembered, which is at most how long they are.
SELECT coalesce(max(wrote_at), now() - $2::interval) FROM costkey.writer WHERE id <> $1
