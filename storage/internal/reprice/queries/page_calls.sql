-- name: page_calls
-- The next $8 calls of one day, from $1 until $2 (exclusive), after the key ($3 trace, $5 project, $4 span) in the order of the
-- partition's own index; of project $6, provider $7 and model $9, '' for any.
SELECT {stored}
FROM (SELECT c.*
      FROM costkey.call c
      CROSS JOIN LATERAL (SELECT * FROM costkey.project p WHERE p.id = c.project_id OFFSET 0) AS p
      CROSS JOIN LATERAL (SELECT * FROM costkey.call_attributes a
                          WHERE a.project_id = c.project_id AND a.id = c.attributes_id OFFSET 0) AS a
      CROSS JOIN LATERAL (SELECT * FROM costkey.dimension_set d
                          WHERE d.project_id = a.project_id AND d.id = a.dimension_set_id OFFSET 0) AS d
      WHERE c.started_at >= $1 AND c.started_at < $2
        AND (c.trace_id, c.project_id, c.span_id) > ($3::uuid, $5::bigint, $4::bigint)
        AND ($6 = '' OR p.slug = $6) AND ($7 = '' OR d.provider = $7)
        AND ($9 = '' OR $9 IN (d.priced_model, a.response_model, a.request_model))
      ORDER BY c.trace_id, c.project_id, c.span_id
      LIMIT $8) AS c
{stored_joins}
ORDER BY c.trace_id, c.project_id, c.span_id
