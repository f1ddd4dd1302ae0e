-- name: all_pending_projects
-- The projects that have pending traces.
SELECT p.id FROM costkey.project p WHERE EXISTS (SELECT FROM costkey.pending_trace s WHERE s.project_id = p.id) ORDER BY p.id
