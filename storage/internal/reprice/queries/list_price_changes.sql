-- name: list_price_changes
SELECT id, started_at, finished_at, actor, db_role, from_time, to_time, project, provider, model, catalogue,
       calls_seen, calls_changed, newly_priced, newly_unpriced, calls_skipped, difference_usd::text
FROM costkey.price_changes
ORDER BY id DESC
