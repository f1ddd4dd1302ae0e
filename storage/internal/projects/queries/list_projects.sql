-- name: list_projects
SELECT slug, name, retention_days, capture_body, default_tags, created_at FROM costkey.project ORDER BY slug
