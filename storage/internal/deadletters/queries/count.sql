-- name: count
-- How many dead letters there are, by project and reason, and since when.
SELECT project, reason, count(*), min(written_at), max(written_at)
FROM costkey.dead_letter
GROUP BY project, reason
ORDER BY project, reason
