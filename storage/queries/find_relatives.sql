-- name: find_relatives
-- Stored calls that may be other spans of the calls ($1 project, $2 trace, $3 response id, '' for none): same trace, or
-- same response id. $4 and $5 bound the starts in a trace, $6 and $7 (exclusive) the days that are searched for the id.
WITH q AS (
    SELECT * FROM unnest($1::integer[], $2::uuid[], $3::text[]) AS q (project_id, trace_id, response_id)
), found AS (
    SELECT c.started_at, c.trace_id, c.span_id, c.project_id
    FROM (SELECT DISTINCT project_id, trace_id FROM q) AS q
    JOIN costkey.call c ON c.trace_id = q.trace_id AND c.project_id = q.project_id
    WHERE c.started_at BETWEEN $4 AND $5
    UNION
    SELECT c.started_at, c.trace_id, c.span_id, c.project_id
    FROM (SELECT DISTINCT project_id, response_id FROM q WHERE response_id <> '') AS q
    JOIN costkey.call c
      ON hashtextextended(c.response_id, c.project_id) = hashtextextended(q.response_id, q.project_id)
     AND c.response_id = q.response_id AND c.project_id = q.project_id
    WHERE c.started_at >= $6 AND c.started_at < $7 AND c.response_id IS NOT NULL AND c.response_repeated IS NULL
)
SELECT c.project_id, c.cell_id, c.variant_id, c.path_id, c.tagset_id AS tagset, p.slug, c.trace_id, c.span_id, c.parent_span_id,
       c.started_at, c.duration_us, c.first_token_us,
       c.input_tokens::bigint, c.cache_read_tokens::bigint, c.cache_write_tokens::bigint, c.output_tokens::bigint,
       c.reasoning_tokens::bigint, c.response_repeated, c.cost_usd::text, c.reported_cost_usd::text, c.response_id,
       c.usage_numbers, c.usage_detail,
       d.service_name, d.service_version, d.environment, d.provider, d.operation, d.priced_model, d.function_name,
       d.file_path,
       v.request_model, v.response_model, v.service_tier, v.scope_name, v.cost_status, v.error_type, v.host,
       v.catalogue, v.usage_template, v.client, v.streaming, v.http_status, v.notes,
       l.line_number, l.call_path, c.session_text AS session_id, c.user_text AS user_id,
       (SELECT array_agg(t.key ORDER BY t.key COLLATE "C") FROM jsonb_each(g.tags) AS t) AS tag_keys,
       (SELECT array_agg(t.value::text ORDER BY t.key COLLATE "C") FROM jsonb_each(g.tags) AS t) AS tag_values,
       b.request_body, b.response_body
FROM found f
JOIN costkey.call c USING (started_at, trace_id, span_id, project_id)
JOIN costkey.project p ON p.id = c.project_id
LEFT JOIN costkey.cell d ON d.id = c.cell_id
LEFT JOIN costkey.variant v ON v.id = c.variant_id
LEFT JOIN costkey.path l ON l.id = c.path_id
LEFT JOIN costkey.tagset g ON g.id = c.tagset_id AND g.day = (c.started_at AT TIME ZONE 'UTC')::date
LEFT JOIN costkey.call_body b USING (started_at, trace_id, span_id, project_id)
WHERE c.started_at >= $6 AND c.started_at < $7
