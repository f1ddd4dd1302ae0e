-- name: list_keys
-- The keys of project $1, or of all where it is empty; revoked and expired ones too.
SELECT k.id, p.slug, k.prefix, k.hash, k.name, k.scopes, k.created_at, k.expires_at, k.revoked_at, k.last_used_at
FROM costkey.api_key k JOIN costkey.project p ON p.id = k.project_id
WHERE $1 = '' OR p.slug = $1
ORDER BY p.slug, k.id
