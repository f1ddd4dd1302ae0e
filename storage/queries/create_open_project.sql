-- name: create_open_project
-- A project that data named, within the limit $2.
INSERT INTO costkey.project (slug, name)
SELECT $1, $1
WHERE (SELECT count(*) FROM costkey.project) < $2
ON CONFLICT DO NOTHING
