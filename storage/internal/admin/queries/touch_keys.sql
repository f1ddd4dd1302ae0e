-- name: touch_keys
-- Notes when keys were used last. A later time that another collector noted stays.
UPDATE costkey.api_key k SET last_used_at = greatest(k.last_used_at, u.used_at)
FROM unnest($1::integer[], $2::timestamptz[]) AS u (id, used_at)
WHERE k.id = u.id
