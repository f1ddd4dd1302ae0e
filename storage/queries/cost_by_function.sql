-- name: cost_by_function
-- $1 project, '' for all; $2 since.
SELECT coalesce(function_name, ''),
       coalesce(file_path, ''),
       count(*),
       count(*) FILTER (WHERE cost_usd IS NULL),
       coalesce(sum(input_tokens), 0)::bigint,
       coalesce(sum(output_tokens), 0)::bigint,
       trim_scale(sum(cost_usd))::text
FROM costkey.calls
WHERE started_at >= $2 AND ($1 = '' OR project = $1)
GROUP BY function_name, file_path
ORDER BY sum(cost_usd) DESC NULLS LAST, function_name, file_path
