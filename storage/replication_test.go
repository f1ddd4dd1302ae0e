package storage_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage"
)

// TestEveryTableHasAPrimaryKeyAndChangesUnderAPublication publishes all tables, as an upgrade of PostgreSQL or a change-data
// capture does: then whatever is updated or deleted needs a replica identity.
func TestEveryTableHasAPrimaryKeyAndChangesUnderAPublication(t *testing.T) {
	t.Parallel()
	s, _, clock, conn := openInTime(t)
	ctx := t.Context()
	require.Equal(t, "<nil>", format(one[*string](t, conn, `SELECT string_agg(c.relname, ', ') FROM pg_class c
		WHERE c.relnamespace = 'costkey'::regnamespace AND c.relkind = 'r'
		  AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)`)), "tables without a primary key")
	_, err := conn.Exec(ctx, `DO $$ BEGIN EXECUTE (SELECT 'CREATE PUBLICATION everything FOR TABLE ' ||
		string_agg('costkey.' || relname, ', ') FROM pg_class WHERE relnamespace = 'costkey'::regnamespace
		AND relkind IN ('r', 'p') AND NOT relispartition); END $$`) // FOR ALL TABLES, as far as our role may
	require.NoError(t, err)

	write(t, s, calls(0, 30)...)
	write(t, s, calls(0, 40)...)                                                    // resent
	write(t, s, span(1, 0, inTrace(100), long, withBodies), span(5, 0, inTrace(3))) // joined: deleted and inserted again
	require.Equal(t, 1, write(t, s, span(2, 1, inTrace(100))).Joined)
	write(t, s, span(1, 0, inTrace(101), withoutID)) // looked at
	require.Equal(t, 1, write(t, s, span(2, 1, inTrace(101))).Joined)
	_, err = conn.Exec(ctx, "ALTER TABLE costkey.call ADD CONSTRAINT c CHECK (user_id <> 'bad')")
	require.NoError(t, err)
	require.Equal(t, 1, write(t, s, span(9, 0, inTrace(102), func(c *storage.Call) { c.UserID = "bad" })).DeadLettered[storage.ReasonBadValue])
	_, err = conn.Exec(ctx, "ALTER TABLE costkey.call DROP CONSTRAINT c")
	require.NoError(t, err)
	replayed, _, err := s.ReplayDeadLetters(ctx, "", "")
	require.NoError(t, err)
	require.Equal(t, 1, replayed)
	require.NotZero(t, reprice(t, s, at("gpt-x", "0.01", "v2"), storage.RepriceOptions{}).Changed)
	require.NotZero(t, maintain(t, s).MergedSums)
	require.NotZero(t, reprice(t, s, at("gpt-y", "0.02", "v2"), storage.RepriceOptions{}).Changed)
	maintain(t, s) // sums that came to nothing are deleted

	retention, name := 1, "Shop"
	require.NoError(t, s.SetProject(ctx, "default", storage.ProjectChange{Name: &name, RetentionDays: &retention}))
	key, _, err := s.CreateKey(ctx, storage.Key{Project: "default", Scopes: []string{storage.ScopeIngest}})
	require.NoError(t, err)
	require.NoError(t, s.TouchKeys(ctx, map[int64]time.Time{key.ID: noon}))
	require.NoError(t, s.RevokeKey(ctx, key.ID))
	for range 2 {
		require.NoError(t, s.PutSourceMap(ctx, "default", "1", "main.js", []byte(`{"version":3,"mappings":"AAAA"}`)))
		require.NoError(t, s.PutCallGraph(ctx, "default", "1", []byte(`{}`)))
	}
	_, err = s.DeleteSourceMaps(ctx, "default", "1", time.Time{})
	require.NoError(t, err)
	_, err = conn.Exec(ctx, "UPDATE costkey.pending_trace SET written_at = now() - interval '1 hour'; "+
		"UPDATE costkey.trace_node SET written_at = now() - interval '1 hour'")
	require.NoError(t, err)
	clock.forward(5 * day)
	require.NotZero(t, maintain(t, s).DeletedExpired)
	write(t, s, startingNear(70, clock.now())) // interned rows are in use again
	clock.forward(100 * day)
	_, err = conn.Exec(ctx, "DELETE FROM costkey.maintenance_task")
	require.NoError(t, err)
	rep := maintain(t, s)
	require.Equal(t, 2, rep.DroppedDays)
	require.Zero(t, one[int](t, conn, "SELECT count(*) FROM costkey.pending_trace"))
	require.Zero(t, one[int](t, conn, "SELECT count(*) FROM costkey.trace_node"))
	require.Zero(t, one[int](t, conn, "SELECT count(*) FROM costkey.dead_letter"))
}

// format is what fmt says of a pointer's value.
func format(s *string) string {
	if s == nil {
		return "<nil>"
	}
	return *s
}
