-- name: list_source_maps
-- The maps of project $1 and release $2; where one is empty, of all.
SELECT p.slug, m.release, m.file, m.size, octet_length(m.map), m.uploaded_at
FROM costkey.source_map m JOIN costkey.project p ON p.id = m.project_id
WHERE ($1 = '' OR p.slug = $1) AND ($2 = '' OR m.release = $2)
ORDER BY p.slug, m.release, m.file
