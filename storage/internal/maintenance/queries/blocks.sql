-- name: blocks
-- How many blocks a table has, 0 where there is none.
SELECT coalesce(pg_relation_size(to_regclass($1)) / current_setting('block_size')::bigint, 0)
