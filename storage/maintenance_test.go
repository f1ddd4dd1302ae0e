package storage_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage"
)

// TestOfTwoRoundsOfMaintenanceAtOnceOneWorks holds up the first.
func TestOfTwoRoundsOfMaintenanceAtOnceOneWorks(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	conn, blocker := connect(t, dsn), connect(t, dsn)
	first, second := openAt(t, dsn), openAt(t, dsn)
	ctx := t.Context()
	write(t, first, call(1))
	_, err := conn.Exec(ctx, "SELECT costkey.ensure_day('2026-06-01')")
	require.NoError(t, err)
	hold, err := blocker.Begin(ctx)
	require.NoError(t, err)
	_, err = hold.Exec(ctx, "LOCK TABLE costkey.hourly_delta IN ACCESS EXCLUSIVE MODE")
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		rep, err := first.Maintain(ctx)
		assert.NoError(t, err)
		assert.False(t, rep.Elsewhere)
		assert.Equal(t, int64(1), rep.MergedSums)
		assert.Equal(t, 1, rep.DroppedDays)
	})
	require.Eventually(t, func() bool {
		return one[bool](t, conn, "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'costkey.hourly_delta'::regclass)")
	}, 10*time.Second, 5*time.Millisecond)
	for range 2 {
		rep, err := second.Maintain(ctx)
		require.NoError(t, err)
		require.Equal(t, storage.MaintenanceReport{Elsewhere: true}, rep)
	}
	require.NoError(t, hold.Rollback(ctx))
	wg.Wait()
	rep, err := second.Maintain(ctx)
	require.NoError(t, err)
	require.False(t, rep.Elsewhere, "the first has ended")
	require.Zero(t, one[int](t, conn, "SELECT count(*) FROM costkey.maintenance_lease"))
}

func TestALeaseThatEndedIsTaken(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	lease := func(until string) {
		_, err := conn.Exec(t.Context(), fmt.Sprintf(`INSERT INTO costkey.maintenance_lease (holder, until)
			VALUES (gen_random_uuid(), now() + '%s') ON CONFLICT (singleton) DO UPDATE SET until = excluded.until`, until))
		require.NoError(t, err)
	}
	lease("10 seconds")
	require.True(t, maintain(t, s).Elsewhere)
	lease("-1 second")
	require.False(t, maintain(t, s).Elsewhere)
	require.Zero(t, one[int](t, conn, "SELECT count(*) FROM costkey.maintenance_lease"), "and given back")
}

// TestATraceThatCannotBeJudgedKeepsNoOtherPending breaks a stored row of one of three pending traces, as
// TestWhatADeadCollectorDidNotJoinIsJoinedWhenTheWindowEnds leaves them.
func TestATraceThatCannotBeJudgedKeepsNoOtherPending(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	ctx := t.Context()
	exec := func(sql string) {
		_, err := conn.Exec(ctx, sql)
		require.NoError(t, err)
	}
	for n := range 3 {
		write(t, s, span(1, 0, inTrace(n), withoutID))
	}
	exec("CREATE TABLE hidden AS TABLE costkey.pending_trace; DELETE FROM costkey.pending_trace")
	for n := range 3 {
		write(t, s, span(2, 1, inTrace(n)))
	}
	exec("INSERT INTO costkey.pending_trace OVERRIDING SYSTEM VALUE SELECT * FROM hidden")
	exec("UPDATE costkey.pending_trace SET written_at = now() - interval '16 minutes'")
	exec("UPDATE costkey.call SET reported_cost_usd = 'NaN' WHERE trace_id::text LIKE '00000002%'")
	rep, err := s.Maintain(ctx)
	require.Error(t, err)
	require.Equal(t, 2, rep.Joined)
	for _, n := range []int{0, 2} {
		require.Equal(t, "2 "+price, rowsOf(t, conn, n))
	}
	require.Equal(t, 1, one[int](t, conn, "SELECT count(*) FROM costkey.pending_trace"))
	tasks, err := s.MaintenanceTasks(ctx)
	require.NoError(t, err)
	for _, task := range tasks {
		require.NotNil(t, task.FinishedAt, task.Name)
		require.Equal(t, task.Name == "resolve_pending", task.Error != "", "%s: %s", task.Name, task.Error)
	}
	exec("UPDATE costkey.call SET reported_cost_usd = NULL WHERE reported_cost_usd = 'NaN'")
	require.Equal(t, 1, maintain(t, s).Joined)
	require.Equal(t, "2 "+price, rowsOf(t, conn, 1))
	require.Zero(t, one[int](t, conn, "SELECT count(*) FROM costkey.pending_trace"))
	requireSums(t, conn)
}
