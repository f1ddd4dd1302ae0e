-- name: grant_read
GRANT USAGE ON SCHEMA costkey TO {role};
GRANT SELECT ON costkey.calls, costkey.costs_hourly, costkey.costs_daily, costkey.projects, costkey.call_bodies,
    costkey.price_changes TO {role};
GRANT SELECT (generation, oldest_program) ON costkey.database_identity TO {role};
GRANT EXECUTE ON FUNCTION costkey.trace(text) TO {role};
