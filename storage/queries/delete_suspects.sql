-- name: delete_suspects
-- Forgets the suspects of ($2 project, $3 trace) that were written at $1 or before.
DELETE FROM costkey.suspect s
USING unnest($2::integer[], $3::uuid[]) AS q (project_id, trace_id)
WHERE s.project_id = q.project_id AND s.trace_id = q.trace_id AND s.written_at <= $1
