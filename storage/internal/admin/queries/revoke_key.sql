-- name: revoke_key
-- Revokes key $1; the time of the first revocation stays.
UPDATE costkey.api_key SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1
