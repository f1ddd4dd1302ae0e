-- name: find_company
-- The stored spans of those traces of ($1 project, $2 trace) that have a call without a telling response id, each with the
-- number of the trace's spans without a row. $3 and $4 bound their starts, inclusive.
WITH q AS (
    SELECT DISTINCT s.project_id, s.trace_id
    FROM unnest($1::integer[], $2::uuid[]) AS q (project_id, trace_id)
    JOIN costkey.suspect s USING (project_id, trace_id)
)
SELECT c.project_id, c.trace_id, c.span_id,
       (SELECT count(*) FROM costkey.link l WHERE l.project_id = q.project_id AND l.trace_id = q.trace_id) AS links
FROM q
JOIN costkey.call c USING (project_id, trace_id)
WHERE c.started_at BETWEEN $3 AND $4
