-- name: delete_source_maps
-- Deletes the maps of project $1, of release $2 unless it is empty, and uploaded before $3 unless it is NULL.
DELETE FROM costkey.source_map m USING costkey.project p
WHERE p.id = m.project_id AND p.slug = $1 AND ($2 = '' OR m.release = $2)
  AND ($3::timestamptz IS NULL OR m.uploaded_at < $3)
