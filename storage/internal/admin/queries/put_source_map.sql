-- name: put_source_map
-- Stores a map of project $1, unless the project has $7 maps or $8 bytes of them besides. No row where it would exceed
-- that.
INSERT INTO costkey.source_map (project_id, release, file, base, map, size)
SELECT $1, $2, $3, $4, $5, $6
WHERE (SELECT count(*) < $7 AND coalesce(sum(octet_length(map)), 0) + octet_length($5::bytea) <= $8
       FROM costkey.source_map
       WHERE project_id = $1 AND (release, file) <> ($2, $3))
ON CONFLICT (project_id, release, file)
    DO UPDATE SET map = excluded.map, size = excluded.size, uploaded_at = now()
