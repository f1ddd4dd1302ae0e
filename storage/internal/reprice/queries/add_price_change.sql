-- name: add_price_change
-- Counts one more batch of run $1, and ends the run where $8.
UPDATE costkey.price_change
SET calls_seen = calls_seen + $2, calls_changed = calls_changed + $3, newly_priced = newly_priced + $4,
    newly_unpriced = newly_unpriced + $5, calls_skipped = calls_skipped + $6,
    difference_usd = difference_usd + $7::text::numeric,
    finished_at = CASE WHEN $8 THEN now() END
WHERE id = $1
