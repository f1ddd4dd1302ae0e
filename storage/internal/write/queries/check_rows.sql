-- name: check_rows
-- Which of the rows ($1 number, $2 project, $3 trace, $4 span, $5 hash of the answer's id or NULL) are stored (true), and the
-- hashes of which others hold (false). $6 and $7 (exclusive) bound the starts. $8 says that it is not the rows' own day: those
-- with a hash are not looked for by their spans, whose hashes are there too.
SELECT q.n, f.stored
FROM unnest($1::integer[], $2::bigint[], $3::uuid[], $4::bigint[], $5::bigint[]) AS q (n, project_id, trace_id, span_id, hash),
     LATERAL ((SELECT true AS stored FROM costkey.call c
               WHERE (q.hash IS NULL OR NOT $8) AND c.trace_id = q.trace_id AND c.project_id = q.project_id AND c.span_id = q.span_id
                 AND c.started_at >= $6 AND c.started_at < $7
               LIMIT 1)
              UNION ALL
              (SELECT false FROM costkey.call c
               WHERE c.response_hash = q.hash AND c.project_id = q.project_id AND c.started_at >= $6 AND c.started_at < $7
               LIMIT 1)
              LIMIT 1) AS f
