-- name: pending_projects
-- Which of the projects $1 have pending traces.
SELECT p.id
FROM unnest($1::bigint[]) AS p (id)
WHERE EXISTS (SELECT FROM costkey.pending_trace s WHERE s.project_id = p.id)
