-- name: insert_links
-- Keeps spans without a row ($1 project, $2 trace, $3 span, $4 parent), each once. Sorted: writers never wait in a circle.
INSERT INTO costkey.link (project_id, trace_id, span_id, parent_span_id)
SELECT * FROM unnest($1::integer[], $2::uuid[], $3::bigint[], $4::bigint[]) AS q (project_id, trace_id, span_id, parent)
ORDER BY trace_id, span_id, project_id
ON CONFLICT DO NOTHING
