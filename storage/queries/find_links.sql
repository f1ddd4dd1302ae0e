-- name: find_links
-- The spans without a row in the traces of ($1 project, $2 trace).
SELECT DISTINCT l.trace_id, l.span_id, l.parent_span_id
FROM unnest($1::integer[], $2::uuid[]) AS q (project_id, trace_id)
JOIN costkey.link l USING (project_id, trace_id)
