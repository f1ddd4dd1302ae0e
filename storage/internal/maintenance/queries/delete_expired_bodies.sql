-- name: delete_expired_bodies
-- Deletes the bodies of the projects $1 within the blocks from $2 until $3 of a day that are left there without their calls.
WITH gone AS (
    DELETE FROM costkey.call_body_{day}
    WHERE ctid >= $2::tid AND ctid < $3::tid AND (project_id = ANY ($1::bigint[])) IS TRUE
    RETURNING 1
)
SELECT count(*) FROM gone
