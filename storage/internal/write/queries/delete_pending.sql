-- name: delete_pending
-- Forgets the pending traces $2 of project $1.
DELETE FROM costkey.pending_trace WHERE project_id = $1 AND id = ANY ($2::bigint[])
