-- name: find_key
-- The key whose prefix is $1, in the columns of list_keys.
SELECT k.id, p.slug, k.prefix, k.hash, k.name, k.scopes, k.created_at, k.expires_at, k.revoked_at, k.last_used_at
FROM costkey.api_key k JOIN costkey.project p ON p.id = k.project_id
WHERE k.prefix = $1
