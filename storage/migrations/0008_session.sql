-- Session and user stand in the call itself. Looking up or making a numbered row for each session cost a writer more than the
-- call's own row, for some bytes less where a session has many calls and more where it has few.
ALTER TABLE costkey.call ADD COLUMN session_text text, ADD COLUMN user_text text;

UPDATE costkey.call c SET session_text = s.session_id, user_text = s.user_id
FROM costkey.session s
WHERE s.id = c.session_id AND s.day = (c.started_at AT TIME ZONE 'UTC')::date;

CREATE OR REPLACE VIEW costkey.calls AS
    SELECT p.slug AS project,
           encode(uuid_send(c.trace_id), 'hex') AS trace_id,
           lpad(to_hex(c.span_id), 16, '0') AS span_id,
           lpad(to_hex(c.parent_span_id), 16, '0') AS parent_span_id,
           c.started_at,
           c.duration_us / 1000.0::double precision AS duration_ms,
           c.first_token_us / 1000.0::double precision AS time_to_first_token_ms,
           c.output_tokens / nullif(
               (c.duration_us - coalesce(c.first_token_us, 0)) / 1000000.0::double precision, 0)
               AS output_tokens_per_second,
           d.service_name,
           d.service_version,
           d.environment,
           d.provider,
           d.operation,
           v.request_model,
           v.response_model,
           d.priced_model,
           c.input_tokens::bigint,
           c.cache_read_tokens::bigint,
           c.cache_write_tokens::bigint,
           c.output_tokens::bigint,
           c.reasoning_tokens::bigint,
           c.cost_usd,
           v.cost_status,
           d.function_name,
           d.file_path,
           l.line_number,
           l.call_path,
           v.streaming,
           v.http_status,
           v.error_type,
           c.session_text AS session_id,
           c.user_text AS user_id,
           coalesce(t.tags, '{}') AS tags,
           EXISTS (SELECT FROM costkey.call_body b
                   WHERE b.started_at = c.started_at AND b.trace_id = c.trace_id
                     AND b.span_id = c.span_id AND b.project_id = c.project_id) AS has_body,
           c.response_id,
           v.service_tier,
           c.reported_cost_usd,
           costkey.fill_usage(v.usage_template, c.usage_numbers) AS provider_usage,
           coalesce(v.notes, '{}') AS notes
    FROM costkey.call c
    JOIN costkey.project p ON p.id = c.project_id
    LEFT JOIN costkey.cell d ON d.id = c.cell_id
    LEFT JOIN costkey.variant v ON v.id = c.variant_id
    LEFT JOIN costkey.path l ON l.id = c.path_id
    LEFT JOIN costkey.tagset t ON t.id = c.tagset_id AND t.day = (c.started_at AT TIME ZONE 'UTC')::date;

ALTER TABLE costkey.call DROP COLUMN session_id;
DROP TABLE costkey.session;
