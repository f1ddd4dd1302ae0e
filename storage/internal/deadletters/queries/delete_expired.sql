-- name: delete_expired
-- Deletes up to $2 dead letters that are older than their project's retention, $1 days where there is no such project.
DELETE FROM costkey.dead_letter
WHERE id IN (SELECT d.id
             FROM costkey.dead_letter d LEFT JOIN costkey.project p ON p.slug = d.project
             WHERE d.written_at < now() - make_interval(days => coalesce(p.retention_days, $1))
             ORDER BY d.id LIMIT $2)
