-- name: response_calls
-- The calls that hold the hashes ($1 project, $2 hash) on the days from $3 until $4, exclusive. $5 and $6 (exclusive) bound
-- them all.
SELECT {stored}
FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::timestamptz[]) AS q (project_id, hash, first, until),
     LATERAL (SELECT * FROM costkey.call c
              WHERE c.response_hash = q.hash AND c.project_id = q.project_id
                AND c.started_at >= q.first AND c.started_at < q.until AND c.started_at >= $5 AND c.started_at < $6
              OFFSET 0) AS c
{stored_joins}
