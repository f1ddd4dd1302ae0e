-- name: resolve_projects
-- The projects with the slugs $1, of which those that are new are made while data has named fewer than $2; none is where $2
-- is 0. One that another session makes at the same moment is missing.
WITH new AS (
    SELECT s.slug, row_number() OVER (ORDER BY s.slug) AS n
    FROM unnest($1::text[]) AS s (slug)
    WHERE $2 > 0 AND NOT EXISTS (SELECT FROM costkey.project p WHERE p.slug = s.slug)
), made AS (
    INSERT INTO costkey.project (slug, name, named_by_data)
    SELECT slug, slug, true FROM new
    WHERE n <= $2 - (SELECT count(*) FROM costkey.project WHERE named_by_data)
    ON CONFLICT DO NOTHING
    RETURNING id, slug, retention_days, capture_body
)
SELECT id, slug, retention_days, capture_body FROM costkey.project WHERE slug = ANY ($1)
UNION ALL
SELECT id, slug, retention_days, capture_body FROM made
