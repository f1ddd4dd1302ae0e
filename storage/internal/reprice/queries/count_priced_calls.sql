-- name: count_priced_calls
-- How many calls from $1 until $2 (exclusive) are of project $3, provider $4 and model $5, '' for any.
SELECT count(*)
FROM costkey.call c
JOIN costkey.project p ON p.id = c.project_id
JOIN costkey.call_attributes a ON a.project_id = c.project_id AND a.id = c.attributes_id
JOIN costkey.dimension_set d ON d.project_id = a.project_id AND d.id = a.dimension_set_id
WHERE c.started_at >= $1 AND c.started_at < $2
  AND ($3 = '' OR p.slug = $3) AND ($4 = '' OR d.provider = $4)
  AND ($5 = '' OR $5 IN (d.priced_model, a.response_model, a.request_model))
