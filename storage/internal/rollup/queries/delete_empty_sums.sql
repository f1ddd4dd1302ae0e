-- name: delete_empty_sums
-- Deletes those of the rows ($1 hour, $2 project, $3 dimensions) whose calls were all taken out again.
DELETE FROM costkey.hourly h
USING unnest($1::timestamptz[], $2::bigint[], $3::bigint[]) AS q (hour, project_id, dimension_set_id)
WHERE h.hour = q.hour AND h.project_id = q.project_id AND h.dimension_set_id = q.dimension_set_id
  AND (h.calls, h.errors, h.unpriced_calls, h.input_known, h.input_tokens, h.cache_read_known, h.cache_read_tokens) = (0, 0, 0, 0, 0, 0, 0)
  AND (h.cache_write_known, h.cache_write_tokens, h.output_known, h.output_tokens, h.reasoning_known, h.reasoning_tokens, h.cost_usd)
      = (0, 0, 0, 0, 0, 0, 0)
