-- name: identity
-- The server, the key of the hashes, the oldest schema version whose programs may work here, and the time.
SELECT costkey.server_identity(), hash_key, oldest_program, clock_timestamp() FROM costkey.database_identity
