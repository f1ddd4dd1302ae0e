-- name: cost_by_function
-- $1 project, '' for all; $2 since. Whole hours come from the hourly sums, the first, broken one from the calls.
WITH parts AS (
    SELECT function_name, file_path, calls, unpriced_calls, input_tokens, output_tokens, cost_usd
    FROM costkey.costs_hourly
    WHERE hour >= $2 AND ($1 = '' OR project = $1)
    UNION ALL
    SELECT function_name, file_path, 1, CASE WHEN cost_usd IS NULL THEN 1 ELSE 0 END, input_tokens, output_tokens, cost_usd
    FROM costkey.calls
    WHERE started_at >= $2 AND started_at < date_trunc('hour', $2::timestamptz, 'UTC') + interval '1 hour'
      AND date_trunc('hour', $2::timestamptz, 'UTC') < $2 AND ($1 = '' OR project = $1)
)
SELECT coalesce(function_name, ''),
       coalesce(file_path, ''),
       sum(calls)::bigint,
       sum(unpriced_calls)::bigint,
       coalesce(sum(input_tokens), 0)::bigint,
       coalesce(sum(output_tokens), 0)::bigint,
       CASE WHEN sum(calls) > sum(unpriced_calls) THEN trim_scale(sum(cost_usd)) END::text
FROM parts
GROUP BY function_name, file_path
HAVING sum(calls) <> 0
ORDER BY CASE WHEN sum(calls) > sum(unpriced_calls) THEN sum(cost_usd) END DESC NULLS LAST, function_name, file_path
