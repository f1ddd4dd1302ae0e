-- name: is_owner
-- Whether the role in use has the rights of the owner of the schema and of its tables.
SELECT pg_has_role(n.nspowner, 'USAGE') AND pg_has_role(c.relowner, 'USAGE')
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = 'costkey.call'::regclass
