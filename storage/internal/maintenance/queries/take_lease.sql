-- name: take_lease
-- Takes or renews the lease for $1, for $2. No row where another program has it.
INSERT INTO costkey.maintenance_lease AS l (holder, until) VALUES ($1, clock_timestamp() + $2::interval)
ON CONFLICT (singleton) DO UPDATE SET holder = excluded.holder, until = excluded.until
WHERE l.holder = excluded.holder OR l.until < clock_timestamp()
RETURNING true
