-- name: delete_expired
-- Calls of one day, from $1 until $2, of projects that keep less than $3 days. Their hourly sums stay: costs outlive calls.
DELETE FROM costkey.call c
USING costkey.project p
WHERE c.project_id = p.id AND p.retention_days < $3 AND c.started_at >= $1 AND c.started_at < $2
