-- name: hourly_months
SELECT c.relname
FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'costkey.hourly'::regclass
ORDER BY c.relname
