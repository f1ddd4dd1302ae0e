-- name: find_company
-- Those of the traces ($1 project, $2 trace) that have a call without a telling response id and hold more than the batch
-- that asks: other spans than its $3 calls, whose ids' XOR is $4, or more than its $5 spans without a row. $6 says that the
-- batch itself has such a call. $7 and $8 bound the starts of calls, inclusive. Scalar subqueries, since EXISTS would read
-- all suspects into a hash table where the question is about few.
SELECT n.project_id, n.trace_id
FROM unnest($1::integer[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::boolean[])
    AS n (project_id, trace_id, spans, mix, links, marked)
WHERE (n.marked OR (SELECT true FROM costkey.suspect s WHERE s.project_id = n.project_id AND s.trace_id = n.trace_id LIMIT 1))
  AND ((SELECT (count(*), coalesce(bit_xor(c.span_id), 0)) <> (n.spans, n.mix)
        FROM costkey.call c
        WHERE c.trace_id = n.trace_id AND c.project_id = n.project_id AND c.started_at BETWEEN $7 AND $8)
       OR EXISTS (SELECT FROM costkey.link) AND (SELECT count(*) FROM costkey.link l WHERE l.project_id = n.project_id AND l.trace_id = n.trace_id) > n.links)
