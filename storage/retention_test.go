package storage_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage"
)

// openInTime opens a recorded store whose time a test sets, with projects of two retentions.
func openInTime(t *testing.T) (*storage.Store, *recorder, *testClock, *pgx.Conn) {
	t.Helper()
	dsn := migrated(t)
	clock := &testClock{at: noon}
	s, r := openRecorded(t, dsn, clock.now)
	for slug, days := range map[string]int{"short": 30, "long": 90} {
		require.NoError(t, s.CreateProject(t.Context(), storage.Project{Slug: slug, RetentionDays: days}))
	}
	return s, r, clock, connect(t, dsn)
}

func ofProject(slug string) func(*storage.Call) {
	return func(c *storage.Call) { c.Project = slug }
}

func withBodies(c *storage.Call) {
	c.RequestBody, c.ResponseBody = "[a secret question]", "[an answer]"
}

func maintain(t *testing.T, s *storage.Store) storage.MaintenanceReport {
	t.Helper()
	rep, err := s.Maintain(context.Background())
	require.NoError(t, err)
	return rep
}

func TestBodiesGoWithTheirCallsAtTheirOwnProjectsRetention(t *testing.T) {
	t.Parallel()
	s, _, clock, conn := openInTime(t)
	for _, slug := range []string{"short", "long"} {
		write(t, s, span(1, 0, ofProject(slug), withBodies), span(2, 0, ofProject(slug), answeredBy("chatcmpl-b")))
	}
	stored := func() string {
		return one[string](t, conn, `SELECT (SELECT count(*) FROM costkey.call) || ' calls, ' || (SELECT count(*) FROM costkey.call_body)
			|| ' bodies, ' || (SELECT count(*) FROM costkey.call_bodies WHERE project = 'short') || ' of the short, ' ||
			(SELECT count(*) FROM costkey.calls WHERE has_body)`)
	}
	require.Equal(t, "4 calls, 2 bodies, 1 of the short, 2", stored())
	_, err := conn.Exec(t.Context(), `INSERT INTO costkey.call_body SELECT started_at, 77, project_id, trace_id, 'left alone'
		FROM costkey.call_body WHERE project_id = (SELECT id FROM costkey.project WHERE slug = 'short')`)
	require.NoError(t, err)
	clock.forward(29 * day)
	require.Zero(t, maintain(t, s).DeletedExpired)
	require.Equal(t, "4 calls, 3 bodies, 2 of the short, 2", stored())
	clock.forward(3 * day)
	require.Equal(t, int64(2), maintain(t, s).DeletedExpired)
	require.Equal(t, "2 calls, 1 bodies, 0 of the short, 1", stored())
	require.Equal(t, "4", one[string](t, conn, "SELECT sum(calls)::text FROM costkey.costs_hourly"), "costs outlive calls")
	clock.forward(60 * day)
	require.Equal(t, 1, maintain(t, s).DroppedDays)
	require.Equal(t, "0 calls, 0 bodies, 0 of the short, 0", stored())
}

// TestADayIsReadOnceForWhatHasExpired records what is asked of a day's partition.
func TestADayIsReadOnceForWhatHasExpired(t *testing.T) {
	t.Parallel()
	s, r, clock, _ := openInTime(t)
	const days = 4
	for n := range days {
		at := func(c *storage.Call) { c.StartMicros -= int64(n) * 24 * 3600 * 1e6 }
		write(t, s, span(1, 0, ofProject("short"), at), span(2, 0, ofProject("long"), at))
	}
	clock.forward(40 * day)
	r.take()
	require.Equal(t, int64(days), maintain(t, s).DeletedExpired)
	require.Len(t, r.takeNaming("DELETE FROM costkey.call_2026112"), 1)
	for range 3 {
		require.Zero(t, maintain(t, s).DeletedExpired)
		require.Empty(t, r.takeNaming("FROM costkey.call_202611"), "a round later")
		clock.forward(time.Minute)
	}
	clock.forward(day)
	require.Zero(t, maintain(t, s).DeletedExpired)
	require.Empty(t, r.takeNaming("FROM costkey.call_2026112"), "a day later")
	retention := 10
	require.NoError(t, s.SetProject(t.Context(), "long", storage.ProjectChange{RetentionDays: &retention}))
	require.NoError(t, s.CreateProject(t.Context(), storage.Project{Slug: "longest"}))
	require.Equal(t, int64(days), maintain(t, s).DeletedExpired, "a retention that became shorter")
}

// TestALockedDayKeepsNoOtherTask holds a day as a backup and as a rewrite of the table do.
func TestALockedDayKeepsNoOtherTask(t *testing.T) {
	t.Parallel()
	for name, lock := range map[string]string{
		"read by a backup":  "LOCK TABLE costkey.call_20260601 IN ACCESS SHARE MODE",
		"held by a rewrite": "LOCK TABLE costkey.call_20261118 IN ACCESS EXCLUSIVE MODE",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _, clock, conn := openInTime(t)
			ctx := t.Context()
			for n := range 3 {
				at := func(c *storage.Call) { c.StartMicros -= int64(n) * 24 * 3600 * 1e6 }
				write(t, s, span(1, 0, ofProject("short"), at))
			}
			_, err := conn.Exec(ctx, "SELECT costkey.ensure_day(d) FROM unnest('{2026-06-01,2026-06-02}'::date[]) AS d")
			require.NoError(t, err)
			clock.forward(40 * day)
			blocker := connect(t, conn.Config().ConnString())
			hold, err := blocker.Begin(ctx)
			require.NoError(t, err)
			_, err = hold.Exec(ctx, lock)
			require.NoError(t, err)
			started := time.Now()
			rep, err := s.Maintain(ctx)
			require.Error(t, err)
			require.NotContains(t, err.Error(), "timeout expired")
			require.Less(t, time.Since(started), 30*time.Second)
			require.NotZero(t, rep.MergedSums)
			require.GreaterOrEqual(t, rep.DroppedDays, 1)
			require.Equal(t, 1, one[int](t, conn, "SELECT count(*) FROM costkey.maintenance_task WHERE error IS NOT NULL"))
			require.NoError(t, hold.Rollback(ctx))
			maintain(t, s)
			require.Zero(t, one[int](t, conn, "SELECT count(*) FROM costkey.call"))
			require.Nil(t, one[*string](t, conn, "SELECT to_regclass('costkey.call_20260601')::text"))
		})
	}
}
