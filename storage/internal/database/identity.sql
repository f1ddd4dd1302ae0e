-- name: identity
-- The server, the oldest schema version whose programs may work here, and the time. {key} is the key of the hashes, or NULL: a
-- role that may only read must not know it.
SELECT costkey.server_identity(), oldest_program, clock_timestamp(), {key} FROM costkey.database_identity
