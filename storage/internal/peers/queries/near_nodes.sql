-- name: near_nodes
-- The spans without a row that are the spans ($1 project, $2 trace, $3 span), for which those stand ($4 says that it is asked
-- for), or that are right inside them ($5 says so); the first $6 of each.
SELECT n.project_id, n.trace_id, n.span_id, n.parent_span_id, n.replaced_by_span_id, n.observer, n.started_at, p.slug
FROM unnest($1::bigint[], $2::uuid[], $3::bigint[], $4::boolean[], $5::boolean[])
         AS q (project_id, trace_id, span_id, replaced, inside),
     LATERAL ((SELECT * FROM costkey.trace_node n
               WHERE n.trace_id = q.trace_id AND n.project_id = q.project_id AND n.span_id = q.span_id LIMIT 1)
              UNION ALL
              (SELECT * FROM costkey.trace_node n
               WHERE q.replaced AND n.trace_id = q.trace_id AND n.project_id = q.project_id
                 AND n.replaced_by_span_id = q.span_id LIMIT $6)
              UNION ALL
              (SELECT * FROM costkey.trace_node n
               WHERE q.inside AND n.parent_span_id = q.span_id
                 AND (n.trace_id = q.trace_id AND n.project_id = q.project_id) IS TRUE LIMIT $6)) AS n
JOIN costkey.project p ON p.id = n.project_id
