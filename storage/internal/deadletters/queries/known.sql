-- name: known
-- Which of the calls ($1 number, $2 project, $3 trace, $4 span) are dead letters.
SELECT q.n
FROM unnest($1::integer[], $2::text[], $3::uuid[], $4::bigint[]) AS q (n, project, trace_id, span_id),
     LATERAL (SELECT FROM costkey.dead_letter d
              WHERE d.project = q.project AND d.trace_id = q.trace_id AND d.span_id = q.span_id LIMIT 1) AS d
