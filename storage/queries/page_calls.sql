-- name: page_calls
-- The next $8 calls of one day, from $1 until $2 (exclusive), after the key ($3 trace, $4 span, $5 project) in the order
-- of the partition's own index; of project $6, provider $7 and model $9, '' for any. Without what no price hangs on.
SELECT c.project_id, c.cell_id, c.variant_id, c.path_id, p.slug, c.trace_id, c.span_id, c.parent_span_id,
       c.started_at, c.duration_us, c.first_token_us,
       c.input_tokens::bigint, c.cache_read_tokens::bigint, c.cache_write_tokens::bigint, c.output_tokens::bigint,
       c.reasoning_tokens::bigint, c.cost_usd::text, c.reported_cost_usd::text, c.response_id,
       c.usage_numbers, c.usage_detail,
       d.service_name, d.service_version, d.environment, d.provider, d.operation, d.priced_model, d.function_name,
       d.file_path,
       v.request_model, v.response_model, v.service_tier, v.scope_name, v.cost_status, v.error_type, v.host,
       v.catalogue, v.usage_template, v.client, v.streaming, v.http_status, v.notes,
       l.line_number, l.call_path
FROM costkey.call c
JOIN costkey.project p ON p.id = c.project_id
JOIN costkey.cell d ON d.id = c.cell_id
JOIN costkey.variant v ON v.id = c.variant_id
LEFT JOIN costkey.path l ON l.id = c.path_id
WHERE c.started_at >= $1 AND c.started_at < $2
  AND (c.trace_id, c.span_id, c.project_id) > ($3::uuid, $4::bigint, $5::integer)
  AND ($6 = '' OR p.slug = $6) AND ($7 = '' OR d.provider = $7)
  AND ($9 = '' OR $9 IN (d.priced_model, v.response_model, v.request_model))
ORDER BY c.trace_id, c.span_id, c.project_id
LIMIT $8
