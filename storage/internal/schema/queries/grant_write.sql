-- name: grant_write
-- No ownership: ensure_day() makes partitions with the rights of the schema's owner, and gives them what their parents have.
GRANT USAGE ON SCHEMA costkey TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON costkey.call, costkey.call_body, costkey.hourly_delta, costkey.pending_trace,
    costkey.trace_node, costkey.writer, costkey.dead_letter TO {role};
GRANT SELECT, INSERT, UPDATE ON costkey.dimension_set, costkey.call_path, costkey.call_attributes, costkey.tag_set,
    costkey.project TO {role};
GRANT SELECT, UPDATE ON costkey.api_key TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON costkey.source_map, costkey.call_graph TO {role};
GRANT SELECT ON costkey.database_identity, costkey.schema_migration, costkey.hourly, costkey.maintenance_task,
    costkey.calls, costkey.costs_hourly, costkey.costs_daily, costkey.projects, costkey.price_changes TO {role};
GRANT EXECUTE ON FUNCTION costkey.ensure_day(date), costkey.trace(text) TO {role};
DO $$
DECLARE
    p record;
BEGIN
    FOR p IN SELECT i.inhparent::regclass AS parent, i.inhrelid::regclass AS partition
             FROM pg_inherits i
             WHERE i.inhparent IN ('costkey.call'::regclass, 'costkey.call_body'::regclass, 'costkey.hourly'::regclass)
    LOOP
        PERFORM costkey.copy_privileges(p.parent, p.partition);
    END LOOP;
END
$$;
