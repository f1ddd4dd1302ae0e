-- name: siblings
-- The calls right inside the spans ($1 project, $2 trace, $3 span) that start between $4 and $5, and the $8 before and behind
-- those, all from $6 until $7. $9 bounds those between.
SELECT {stored}
FROM unnest($1::bigint[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::timestamptz[])
         AS q (project_id, trace_id, span_id, first, last),
     LATERAL ((SELECT * FROM costkey.call c
               WHERE c.parent_span_id = q.span_id AND c.started_at < q.first AND c.started_at BETWEEN $6 AND $7
                 AND (c.trace_id = q.trace_id AND c.project_id = q.project_id) IS TRUE
               ORDER BY c.started_at DESC LIMIT $8)
              UNION ALL
              (SELECT * FROM costkey.call c
               WHERE c.parent_span_id = q.span_id AND c.started_at BETWEEN q.first AND q.last AND c.started_at BETWEEN $6 AND $7
                 AND (c.trace_id = q.trace_id AND c.project_id = q.project_id) IS TRUE
               ORDER BY c.started_at LIMIT $9)
              UNION ALL
              (SELECT * FROM costkey.call c
               WHERE c.parent_span_id = q.span_id AND c.started_at > q.last AND c.started_at BETWEEN $6 AND $7
                 AND (c.trace_id = q.trace_id AND c.project_id = q.project_id) IS TRUE
               ORDER BY c.started_at LIMIT $8)) AS c
{stored_joins}
