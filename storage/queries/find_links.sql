-- name: find_links
-- The spans without a row in the traces of ($1 project, $2 trace); the project of those for which a call beside them stands.
SELECT DISTINCT l.trace_id, l.span_id, l.parent_span_id, l.beside_span_id, l.eye, l.started_at,
       (SELECT p.slug FROM costkey.project p WHERE p.id = l.project_id AND l.beside_span_id IS NOT NULL)
FROM unnest($1::integer[], $2::uuid[]) AS q (project_id, trace_id)
JOIN costkey.link l USING (project_id, trace_id)
