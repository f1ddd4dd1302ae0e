-- name: list_days
-- The partitions of calls, the oldest first.
SELECT c.relname
FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'costkey.call'::regclass
ORDER BY c.relname
