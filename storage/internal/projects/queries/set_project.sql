-- name: set_project
-- Changes project $1; what is NULL stays as it is. $5 holds tags to set, $6 the keys of those to take away.
UPDATE costkey.project
SET name = coalesce($2, name),
    retention_days = coalesce($3, retention_days),
    capture_body = coalesce($4, capture_body),
    default_tags = (default_tags || coalesce($5, '{}'::jsonb)) - coalesce($6::text[], '{}'::text[])
WHERE slug = $1
