-- name: count_calls
-- $1 project, '' for all; $2 since.
SELECT count(*)
FROM costkey.call c
JOIN costkey.project p ON p.id = c.project_id
WHERE c.started_at >= $2 AND ($1 = '' OR p.slug = $1)
