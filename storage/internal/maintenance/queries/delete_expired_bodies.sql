-- name: delete_expired_bodies
-- Deletes the bodies of the projects $1 that are left in a day without their calls.
DELETE FROM costkey.call_body_{day} WHERE project_id = ANY ($1::bigint[])
