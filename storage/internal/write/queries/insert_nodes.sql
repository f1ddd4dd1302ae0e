-- name: insert_nodes
-- Keeps spans without a row ($1 project, $2 trace, $3 span, $4 parent, $5 the call that stands for it beside it, $6 from
-- where it was seen, $7 its start), each once; of two beside one call that were seen from one place the second is an error.
-- Sorted: writers never wait in a circle.
INSERT INTO costkey.trace_node (project_id, trace_id, span_id, parent_span_id, replaced_by_span_id, observer, started_at)
SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::timestamptz[])
    AS q (project_id, trace_id, span_id, parent, replaced_by, observer, started_at)
ORDER BY trace_id, project_id, span_id
ON CONFLICT (trace_id, project_id, span_id) DO NOTHING
