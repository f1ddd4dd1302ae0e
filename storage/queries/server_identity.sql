-- name: server_identity
-- Differs between servers, and between starts of one.
SELECT pg_postmaster_start_time()::text || ' ' || coalesce(inet_server_addr()::text, '') || ' ' || pg_is_in_recovery()::text
