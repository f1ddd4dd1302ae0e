-- name: create_key
-- A key of project $1. No row where there is no such project.
INSERT INTO costkey.api_key (project_id, prefix, hash, name, scopes, expires_at)
SELECT id, $2, $3, $4, $5, $6 FROM costkey.project WHERE slug = $1
RETURNING id, created_at
