package storage_test

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/usage"
)

// inLongTrace returns calls of one trace without ids, told by scopes in turn, from the n-th on, 10 ms apart: as an indexing
// job makes them. place says which span each is inside.
func inLongTrace(from, n, scopes int, place func(n int) uint64) []storage.Call {
	out := make([]storage.Call, n)
	for i := range out {
		c := call(0)
		c.TraceID, c.SpanID = [16]byte{7}, [8]byte{}
		binary.BigEndian.PutUint64(c.SpanID[:], 1_000+uint64(from+i))
		binary.BigEndian.PutUint64(c.ParentSpanID[:], place(from+i))
		c.ResponseID, c.Operation, c.DurationMicros = "", "embeddings", 5_000
		c.Usage.Input = usage.Known(int64(1_000 + from + i))
		c.ScopeName = fmt.Sprint("scope-", (from+i)%scopes)
		c.StartMicros = noon.Add(-10*time.Minute).UnixMicro() + int64(from+i)*10_000
		out[i] = c
	}
	return out
}

// lengthen makes a stored trace as long as it would be after more batches, without writing them: copies of its last row.
func lengthen(t *testing.T, conn *pgx.Conn, from, until int) {
	t.Helper()
	_, err := conn.Exec(t.Context(), `INSERT INTO costkey.call_20261120 (started_at, span_id, parent_span_id, duration_us, project_id, attributes_id,
			tag_set_id, trace_id, input_tokens, cache_read_tokens, output_tokens, reasoning_tokens, cost_usd)
		SELECT '2026-11-20 11:50:00+00'::timestamptz + n * interval '10 milliseconds', 1000 + n, CASE WHEN c.parent_span_id > 1000 THEN 999 + n ELSE c.parent_span_id END,
			duration_us, project_id, attributes_id, tag_set_id, trace_id, 1000 + n, cache_read_tokens, output_tokens, reasoning_tokens, cost_usd
		FROM generate_series($1::bigint, $2::bigint - 1) AS n,
			(SELECT * FROM costkey.call ORDER BY started_at DESC LIMIT 1) AS c`, from, until)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "ANALYZE costkey.call_20261120")
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "SELECT pg_stat_force_next_flush()") // what it read itself is not counted later
	require.NoError(t, err)
}

// rowsRead returns how many rows were read of the tables of calls and of nodes, by index or not. Statistics of a session are
// there when it has ended.
func rowsRead(t *testing.T, conn *pgx.Conn) int64 {
	t.Helper()
	require.Eventually(t, func() bool {
		return one[bool](t, conn, `SELECT count(*) = 0 FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`)
	}, 10*time.Second, 5*time.Millisecond)
	return one[int64](t, conn, `SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint FROM pg_stat_user_tables
			WHERE schemaname = 'costkey' AND (relname LIKE 'call\_20%' OR relname IN ('trace_node', 'pending_trace'))`) +
		one[int64](t, conn, `SELECT coalesce(sum(idx_tup_read), 0)::bigint FROM pg_stat_user_indexes
			WHERE schemaname = 'costkey' AND (relname LIKE 'call\_20%' OR relname IN ('trace_node', 'pending_trace'))`)
}

// TestABatchCostsTheSameHoweverLongItsTraceIs counts what is read for a batch in traces of several lengths.
func TestABatchCostsTheSameHoweverLongItsTraceIs(t *testing.T) {
	t.Parallel()
	const batch = 100
	for name, of := range map[string]struct {
		scopes int
		place  func(n int) uint64
	}{
		"beside each other":   {2, func(int) uint64 { return 9 }},
		"inside each other":   {1, func(n int) uint64 { return 999 + uint64(n) }}, // of two scopes, each pair were one call
		"at the root":         {2, func(int) uint64 { return 0 }},
		"each on its own":     {2, func(n int) uint64 { return 1<<40 + uint64(n) }},
		"in groups of twenty": {2, func(n int) uint64 { return 1<<41 + uint64(n/20) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := migrated(t)
			conn := connect(t, dsn)
			_, err := conn.Exec(t.Context(), "SELECT costkey.ensure_day('2026-11-20'); ALTER TABLE costkey.call_20261120 SET (autovacuum_enabled = off)")
			require.NoError(t, err)
			writeBatch := func(from int) int64 {
				before := rowsRead(t, conn)
				s := openAt(t, dsn)
				othersWrote(t, dsn, noon) // it looks
				_, err := s.WriteCalls(t.Context(), inLongTrace(from, batch, of.scopes, of.place))
				require.NoError(t, err)
				s.Close()
				return rowsRead(t, conn) - before
			}
			writeBatch(0)
			lengthen(t, conn, batch, 2_000)
			short := writeBatch(2_000)
			lengthen(t, conn, 2_000+batch, 40_000)
			long := writeBatch(40_000)
			t.Logf("%d rows read in a trace of 2,000 calls, %d in one of 40,000", short, long)
			require.LessOrEqual(t, long, short+short/5+200)
			require.Less(t, long, int64(100*batch))
		})
	}
}
