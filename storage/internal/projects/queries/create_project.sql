-- name: create_project
-- No row where the slug is taken.
INSERT INTO costkey.project (slug, name, retention_days, capture_body, default_tags)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
