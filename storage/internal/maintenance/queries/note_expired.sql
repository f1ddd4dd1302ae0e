-- name: note_expired
-- Notes that the calls of the projects $1 from before $2 were deleted.
UPDATE costkey.project SET expired_until = $2 WHERE id = ANY ($1::bigint[]) AND (expired_until IS NULL OR expired_until < $2)
