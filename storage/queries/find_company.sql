-- name: find_company
-- The stored spans of those traces of ($1 project, $2 trace) that have a call without a telling response id, each with the
-- number of the trace's spans without a row. $3 and $4 bound their starts, inclusive.
WITH q AS (
    SELECT project_id, trace_id,
           (SELECT count(*) FROM costkey.link l WHERE l.project_id = n.project_id AND l.trace_id = n.trace_id) AS links
    FROM (SELECT DISTINCT project_id, trace_id FROM unnest($1::integer[], $2::uuid[]) AS n (project_id, trace_id)) AS n
    WHERE EXISTS (SELECT FROM costkey.suspect s WHERE s.project_id = n.project_id AND s.trace_id = n.trace_id)
)
SELECT c.project_id, c.trace_id, c.span_id, q.links
FROM q
JOIN costkey.call c USING (project_id, trace_id)
WHERE c.started_at BETWEEN $3 AND $4
