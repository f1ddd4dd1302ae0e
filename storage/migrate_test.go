package storage_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/storage/storagetest"
)

// migrateTo brings an empty database to an earlier version of the schema.
func migrateTo(t *testing.T, dsn string, version int) {
	t.Helper()
	exec := func(path string) {
		sql, err := os.ReadFile(path)
		require.NoError(t, err)
		storagetest.Exec(t, dsn, string(sql))
	}
	exec("queries/create_migrations.sql")
	for n := 1; n <= version; n++ {
		found, err := filepath.Glob(fmt.Sprintf("migrations/%04d_*.sql", n))
		require.NoError(t, err)
		require.Len(t, found, 1)
		exec(found[0])
		storagetest.Exec(t, dsn, fmt.Sprintf("INSERT INTO costkey.schema_migration (version, name) VALUES (%d, 'earlier')", n))
	}
}

// TestCallsOfEarlierVersionsAreKept holds what migrations 8 and 9 do with calls that are there.
func TestCallsOfEarlierVersionsAreKept(t *testing.T) {
	t.Parallel()
	dsn := storagetest.DSN(t)
	migrateTo(t, dsn, 7)
	storagetest.Exec(t, dsn, `
		CREATE TABLE costkey.call_20261120 (LIKE costkey.call INCLUDING CONSTRAINTS);
		ALTER TABLE costkey.call ATTACH PARTITION costkey.call_20261120 FOR VALUES FROM ('2026-11-20 00:00:00+00') TO ('2026-11-21 00:00:00+00');
		CREATE TABLE costkey.session_20261120 (LIKE costkey.session INCLUDING DEFAULTS, UNIQUE (key));
		ALTER TABLE costkey.session ATTACH PARTITION costkey.session_20261120 FOR VALUES FROM ('2026-11-20') TO ('2026-11-21');
		CREATE TABLE costkey.session_20261121 (LIKE costkey.session INCLUDING DEFAULTS, UNIQUE (key));
		ALTER TABLE costkey.session ATTACH PARTITION costkey.session_20261121 FOR VALUES FROM ('2026-11-21') TO ('2026-11-22');
		INSERT INTO costkey.project (slug, name) VALUES ('default', 'default');
		INSERT INTO costkey.session (day, id, key, session_id, user_id) VALUES
			('2026-11-20', 1, gen_random_uuid(), 's-1', 'u-1'), ('2026-11-20', 2, gen_random_uuid(), NULL, 'u-2'),
			('2026-11-21', 1, gen_random_uuid(), 'of another day', 'nobody');
		INSERT INTO costkey.call (started_at, span_id, trace_id, project_id, cell_id, variant_id, session_id, cost_usd)
			SELECT '2026-11-20 10:00:00+00', n, gen_random_uuid(), 1, 1, 1, session, 0.5
			FROM (VALUES (1, 1), (2, 2), (3, NULL), (4, 1)) AS v (n, session)`)
	s, err := storage.Open(storage.Config{DSN: dsn})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	for range 2 {
		require.NoError(t, s.Migrate(t.Context()))
	}
	require.Equal(t, "1 s-1 u-1, 2 - u-2, 3 - -, 4 s-1 u-1", storagetest.Value(t, dsn, `SELECT string_agg(
		concat_ws(' ', ltrim(span_id, '0'), coalesce(session_id, '-'), coalesce(user_id, '-')), ', ' ORDER BY span_id) FROM costkey.calls`))
	require.Equal(t, "1", storagetest.Value(t, dsn, "SELECT count(*) FROM costkey.writer"),
		"whoever wrote these calls may have done so a moment ago")
}
