-- name: has_suspects
-- Which of the projects $1 stored a call without a telling response id within the settle window.
SELECT p.id
FROM unnest($1::integer[]) AS p (id)
WHERE EXISTS (SELECT FROM costkey.suspect s WHERE s.project_id = p.id)
