-- name: list
-- Up to $4 dead letters of project $1 and reason $2, '' for all, behind $3, the oldest first.
SELECT id, project, encode(uuid_send(trace_id), 'hex'), lpad(to_hex(span_id), 16, '0'), reason, coalesce(sqlstate, ''), error,
       written_at, octet_length(call), call
FROM costkey.dead_letter
WHERE id > $3 AND ($1 = '' OR project = $1) AND ($2 = '' OR reason = $2)
ORDER BY id
LIMIT $4
