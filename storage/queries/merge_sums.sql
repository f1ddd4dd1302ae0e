-- name: merge_sums
-- Moves what writers appended into the hourly table. One statement: a reader sees every sum in one of the two tables.
WITH gone AS (
    DELETE FROM costkey.hourly_delta RETURNING *
)
INSERT INTO costkey.hourly AS h
SELECT project_id, hour, cell_id, sum(calls), sum(errors), sum(unpriced_calls), sum(input_known), sum(input_tokens),
       sum(cache_read_known), sum(cache_read_tokens), sum(cache_write_known), sum(cache_write_tokens),
       sum(output_known), sum(output_tokens), sum(cost_usd)
FROM gone
GROUP BY project_id, hour, cell_id
ON CONFLICT (hour, project_id, cell_id) DO UPDATE SET
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
    cost_usd = h.cost_usd + excluded.cost_usd
