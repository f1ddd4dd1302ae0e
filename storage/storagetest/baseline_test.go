package storagetest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage/storagetest"
)

// callTable is a partitioned table with what LIKE copies and what it doesn't.
const callTable = `
CREATE SCHEMA costkey;
CREATE TABLE costkey.owner (id integer PRIMARY KEY);
INSERT INTO costkey.owner VALUES (7);
CREATE TABLE costkey.call (
	started_at timestamptz NOT NULL, span_id bigint NOT NULL, trace_id uuid NOT NULL, owner integer, tokens integer CHECK (tokens >= 0),
	cost numeric, note text, detail jsonb, twice integer GENERATED ALWAYS AS (tokens * 2) STORED
) PARTITION BY RANGE (started_at);
CREATE TABLE costkey.call_20261124 (LIKE costkey.call INCLUDING ALL, PRIMARY KEY (trace_id, span_id)) WITH (fillfactor = 90);
CREATE UNIQUE INDEX ON costkey.call_20261124 (hashtextextended(note, 0)) WHERE note IS NOT NULL;
CREATE INDEX ON costkey.call_20261124 USING brin (started_at) WITH (pages_per_range = 16);
ALTER TABLE costkey.call_20261124 ADD FOREIGN KEY (owner) REFERENCES costkey.owner;
ALTER TABLE costkey.call_20261124 ALTER note SET STORAGE EXTERNAL;
ALTER TABLE costkey.call ATTACH PARTITION costkey.call_20261124 FOR VALUES FROM ('2026-11-24 00:00:00+00') TO ('2026-11-25 00:00:00+00');
INSERT INTO costkey.call SELECT timestamptz '2026-11-24 08:59:59+00', 1, gen_random_uuid(), 7, 3, 0.5, 'stored before'`

// newCalls are stored after the baseline was made, a second apart.
const newCalls = `INSERT INTO costkey.call
	SELECT timestamptz '2026-11-24 09:00:00+00' + n * interval '1 s', n, gen_random_uuid(), nullif(7, n % 2 + 6), n, n / 3.0, 'call ' || n,
		CASE WHEN n % 2 = 0 THEN '{"b": 1.50, "a": "x"}'::jsonb END
	FROM generate_series(0, 9) AS n`

func TestABaselineIsIdenticalToItsPartition(t *testing.T) {
	t.Parallel()
	dsn := storagetest.DSN(t)
	storagetest.Exec(t, dsn, callTable)
	day := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	plain := storagetest.NewBaseline(t, dsn, "plain", 1, day)
	raw := storagetest.NewBaseline(t, dsn, "raw", 1, day)
	plain.RequireSame(t, storagetest.Window{From: day, Until: day.Add(24 * time.Hour)})
	assert.Equal(t, "3", storagetest.Value(t, dsn, "SELECT count(*) FROM pg_indexes WHERE schemaname = 'plain'"))
	storagetest.Exec(t, dsn, newCalls)
	at := func(second int) time.Time { return day.Add(9*time.Hour + time.Duration(second)*time.Second) }
	batches := [][]storagetest.Window{
		{{From: at(4), Until: at(6)}, {From: at(0), Until: at(2)}},
		{{From: at(2), Until: at(4)}, {From: at(6), Until: at(10)}},
	}
	for i, batch := range plain.Read(t, batches) {
		require.Equal(t, []int{4, 6}[i], batch.Len())
		require.NoError(t, plain.Copy(t.Context(), batch))
	}
	for _, body := range raw.ReadRaw(t, batches) {
		require.NoError(t, raw.CopyRaw(t.Context(), body))
	}
	whole := storagetest.Window{From: at(0), Until: at(10)}
	plain.RequireSame(t, whole)
	raw.RequireSame(t, whole)
}
