-- name: merge_sums
-- Moves up to $1 of the sums that writers appended into the hourly table, the oldest first. One statement: a reader sees every
-- sum in one of the two tables. It returns how many it moved, and the keys of rows that may have come to nothing. What is
-- deleted is a range of the index: a join with the oldest may be planned the wrong way round, the table is empty now and then.
WITH last AS MATERIALIZED (
    SELECT project_id, id FROM costkey.hourly_delta ORDER BY project_id, id OFFSET $1 - 1 LIMIT 1
), gone AS (
    DELETE FROM costkey.hourly_delta
    WHERE (project_id, id) <= (coalesce((SELECT project_id FROM last), 9223372036854775807), coalesce((SELECT id FROM last), 9223372036854775807))
    RETURNING *
), merged AS (
    INSERT INTO costkey.hourly AS h
    SELECT hour, project_id, dimension_set_id, sum(calls), sum(errors), sum(unpriced_calls), sum(input_known), sum(input_tokens),
           sum(cache_read_known), sum(cache_read_tokens), sum(cache_write_known), sum(cache_write_tokens),
           sum(output_known), sum(output_tokens), sum(reasoning_known), sum(reasoning_tokens), sum(cost_usd)
    FROM gone
    GROUP BY hour, project_id, dimension_set_id
    ON CONFLICT (hour, project_id, dimension_set_id) DO UPDATE SET
        calls = h.calls + excluded.calls,
        errors = h.errors + excluded.errors,
        unpriced_calls = h.unpriced_calls + excluded.unpriced_calls,
        input_known = h.input_known + excluded.input_known,
        input_tokens = h.input_tokens + excluded.input_tokens,
        cache_read_known = h.cache_read_known + excluded.cache_read_known,
        cache_read_tokens = h.cache_read_tokens + excluded.cache_read_tokens,
        cache_write_known = h.cache_write_known + excluded.cache_write_known,
        cache_write_tokens = h.cache_write_tokens + excluded.cache_write_tokens,
        output_known = h.output_known + excluded.output_known,
        output_tokens = h.output_tokens + excluded.output_tokens,
        reasoning_known = h.reasoning_known + excluded.reasoning_known,
        reasoning_tokens = h.reasoning_tokens + excluded.reasoning_tokens,
        cost_usd = h.cost_usd + excluded.cost_usd
    RETURNING hour, project_id, dimension_set_id, calls, cost_usd
)
SELECT (SELECT count(*) FROM gone), array_agg(hour), array_agg(project_id), array_agg(dimension_set_id)
FROM merged
WHERE calls = 0 AND cost_usd = 0
