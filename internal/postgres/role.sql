-- Run in single-user mode, in the database costkey of a cluster on which no server runs; again on the same cluster it
-- changes nothing. A statement ends with a semicolon and an empty line.

-- In clusters of before this role the superuser that initdb made has its name. The superuser that initdb made cannot
-- become an ordinary role, and its own session may not rename it, but for a change of the catalog.
UPDATE pg_catalog.pg_authid SET rolname = 'postgres' WHERE oid = 10 AND rolname = 'costkey';

DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'costkey') THEN
		CREATE ROLE costkey;
	END IF;
END
$$;

ALTER DATABASE costkey OWNER TO costkey;

-- What such a cluster has in it belongs to its superuser. REASSIGN OWNED refuses for the superuser that initdb made.
DO $$
DECLARE
	statement text;
BEGIN
	FOR statement IN
		SELECT format('ALTER SCHEMA %I OWNER TO costkey', nspname)
		FROM pg_namespace
		WHERE nspowner = 10 AND nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')
		UNION ALL
		-- Indexes belong to their table's owner, and so do a column's sequence and a table's row type.
		SELECT format('ALTER TABLE %s OWNER TO costkey', c.oid::regclass)
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relowner = 10 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
			AND (c.relkind IN ('r', 'p', 'v', 'm', 'f') OR c.relkind = 'S' AND NOT EXISTS (
				SELECT FROM pg_depend d
				WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')))
		UNION ALL
		SELECT format('ALTER ROUTINE %s OWNER TO costkey', p.oid::regprocedure)
		FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
		WHERE p.proowner = 10 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND p.prokind <> 'a'
		UNION ALL
		SELECT format('ALTER TYPE %s OWNER TO costkey', t.oid::regtype)
		FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
		WHERE t.typowner = 10 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND t.typtype IN ('d', 'e', 'r')
	LOOP
		EXECUTE statement;
	END LOOP;
END
$$;
