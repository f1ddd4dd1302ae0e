-- name: begin_price_change
INSERT INTO costkey.price_change (actor, from_time, to_time, project, provider, model, catalogue)
VALUES ($1, $2, $3, nullif($4, ''), nullif($5, ''), nullif($6, ''), $7)
RETURNING id
