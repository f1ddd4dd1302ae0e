-- name: unpriced_models
-- $1 project, '' for all; $2 from; $3 to, exclusive.
SELECT coalesce(provider, ''),
       coalesce(priced_model, response_model, request_model, ''),
       cost_status,
       count(*),
       coalesce(sum(input_tokens), 0)::bigint,
       coalesce(sum(output_tokens), 0)::bigint,
       min(started_at),
       max(started_at)
FROM costkey.calls
WHERE started_at >= $2 AND started_at < $3 AND ($1 = '' OR project = $1)
  AND cost_status IN ('unknown_model', 'no_price')
GROUP BY 1, 2, 3
ORDER BY 4 DESC, 1, 2, 3
