-- name: shared_traces
-- Those of the traces ($1 project, $2 trace) that are pending and hold more than the batch that asks: other spans than its $3
-- calls, whose ids' XOR is $4, or more than its $5 spans without a row. $6 says that the batch itself makes the trace
-- pending. $7 and $8 bound the starts of calls, inclusive. No more of a trace is read than the batch has of it, and one.
SELECT n.project_id, n.trace_id
FROM unnest($1::bigint[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::boolean[])
    AS n (project_id, trace_id, spans, mix, nodes, pending)
WHERE (n.pending
       OR (SELECT true FROM costkey.pending_trace s WHERE s.project_id = n.project_id AND s.trace_id = n.trace_id LIMIT 1))
  AND ((SELECT (count(*), coalesce(bit_xor(c.span_id), 0)) <> (n.spans, n.mix)
        FROM (SELECT c.span_id FROM costkey.call c
              WHERE c.trace_id = n.trace_id AND c.project_id = n.project_id AND c.started_at BETWEEN $7 AND $8
              LIMIT n.spans + 1) AS c)
       OR (SELECT count(*) FROM (SELECT FROM costkey.trace_node t
                                 WHERE t.trace_id = n.trace_id AND t.project_id = n.project_id
                                 LIMIT n.nodes + 1) AS t) > n.nodes)
