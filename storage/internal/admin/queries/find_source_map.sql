-- name: find_source_map
-- The map of the generated file $3 of a release: the longest stored path that $3 is or ends in, else the only one whose
-- last element ($4) is the same.
SELECT m.map, m.size
FROM costkey.source_map m JOIN costkey.project p ON p.id = m.project_id
WHERE p.slug = $1 AND m.release = $2 AND m.base = $4
  AND (right('/' || $3, length(m.file) + 1) = '/' || m.file
       OR (SELECT count(*) FROM costkey.source_map o
           WHERE o.project_id = m.project_id AND o.release = m.release AND o.base = m.base) = 1)
ORDER BY length(m.file) DESC
LIMIT 1
