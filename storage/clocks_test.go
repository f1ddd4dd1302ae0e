package storage_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/storage/internal/database"
)

const day = 24 * time.Hour

// openSkewed opens a store whose program has another clock than the database.
func openSkewed(t *testing.T, dsn string, local func() time.Time) *storage.Store {
	t.Helper()
	return openWith(t, storage.Config{DSN: dsn}, func(c *database.Config) { c.LocalNow = local })
}

// startingNear returns the n-th call with a start at t.
func startingNear(n int, t time.Time) storage.Call {
	c := call(n)
	c.StartMicros = t.UnixMicro()
	return c
}

// wrongClocks are clocks that no collector should have.
var wrongClocks = map[string]func() time.Time{
	"a year ahead":       func() time.Time { return time.Now().AddDate(1, 0, 0) },
	"at 1970":            func() time.Time { return time.Unix(1000, 0).Add(time.Duration(time.Now().UnixNano()) % time.Hour) },
	"two hours behind":   func() time.Time { return time.Now().Add(-2 * time.Hour) },
	"a hundred days ago": func() time.Time { return time.Now().Add(-100 * day) },
}

func TestACollectorWithAWrongClockNeitherDropsNorDiscards(t *testing.T) {
	t.Parallel()
	for name, local := range wrongClocks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := migrated(t)
			conn := connect(t, dsn)
			right, wrong := openSkewed(t, dsn, time.Now), openSkewed(t, dsn, local)
			ctx := t.Context()
			require.NoError(t, right.CreateProject(ctx, storage.Project{Slug: "short", RetentionDays: 1}))
			old := startingNear(1, time.Now().Add(-time.Hour))
			old.Project = "short"
			write(t, right, startingNear(0, time.Now().Add(-50*day)), old)
			_, err := conn.Exec(ctx, fmt.Sprintf("SELECT costkey.ensure_day(current_date - 100); UPDATE %s SET used_on = current_date - 400",
				"costkey.dimension_set"))
			require.NoError(t, err)
			days := one[int](t, conn, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'costkey.call'::regclass")

			require.Equal(t, storage.WriteResult{Written: 1}, write(t, wrong, startingNear(2, time.Now())), "now, by a right clock")
			require.Equal(t, storage.WriteResult{Written: 1}, write(t, wrong, startingNear(3, time.Now().Add(-80*day))))
			rep, err := wrong.Maintain(ctx)
			require.ErrorContains(t, err, "clocks")
			require.Zero(t, rep.DroppedDays+int(rep.DeletedExpired+rep.DeletedUnused))
			require.Equal(t, 4, one[int](t, conn, "SELECT count(*) FROM costkey.calls"))
			require.GreaterOrEqual(t, one[int](t, conn, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'costkey.call'::regclass"), days)
			for task, want := range map[string]bool{"drop_days": false, "delete_expired": false, "merge_sums": true, "make_partitions": true} {
				require.Equal(t, want, one[bool](t, conn, "SELECT error IS NULL FROM costkey.maintenance_task WHERE task = $1", task), task)
			}
			require.Greater(t, wrong.ClockSkew().Abs(), time.Hour)
			_, err = right.Maintain(ctx)
			require.NoError(t, err, "the work is done by one whose clock is right")
			requireSums(t, conn)
		})
	}
}

// TestACallWhoseTimeIsSaneByOneClockOnlyIsADeadLetter writes calls of programs that have their collector's wrong clock.
func TestACallWhoseTimeIsSaneByOneClockOnlyIsADeadLetter(t *testing.T) {
	t.Parallel()
	for name, local := range wrongClocks {
		if name == "two hours behind" { // sane by both
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := migrated(t)
			conn := connect(t, dsn)
			wrong := openSkewed(t, dsn, local)
			never := startingNear(2, time.Unix(5_000_000_000, 0))
			batch := func() []storage.Call {
				return []storage.Call{startingNear(0, time.Now()), startingNear(1, local()), never, call(3)}
			}
			for range 2 { // the second time by a start a moment later
				res := write(t, wrong, batch()[1:3]...)
				require.Equal(t, map[storage.Reason]int{storage.ReasonClocks: 1}, res.DeadLettered)
				require.Equal(t, map[storage.Reason]int{storage.ReasonBadTime: 1}, res.SetAside, "what no clock explains")
			}
			require.Equal(t, storage.WriteResult{Written: 1}, write(t, wrong, batch()[:1]...))
			require.Equal(t, 1, one[int](t, conn, "SELECT count(*) FROM costkey.calls"))
			letters, err := wrong.DeadLetters(t.Context(), "default", storage.ReasonClocks, 0, 10)
			require.NoError(t, err)
			require.Len(t, letters, 1)
			replayed, left, err := openSkewed(t, dsn, time.Now).ReplayDeadLetters(t.Context(), "", "")
			require.Error(t, err)
			require.Equal(t, [2]int{0, 1}, [2]int{replayed, left}, "its time is as wrong by the right clock, but nothing is lost")
		})
	}
}

func TestNoRoundOfMaintenanceDropsMoreThanTwoDays(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	_, err := conn.Exec(t.Context(), "SELECT costkey.ensure_day('2026-06-01'::date + n) FROM generate_series(0, 4) AS n")
	require.NoError(t, err)
	for _, want := range []int{2, 2, 1, 0} {
		rep, err := s.Maintain(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, rep.DroppedDays)
	}
	require.Equal(t, "20261120", one[string](t, conn, `SELECT min(substr(c.relname, 6)) FROM pg_inherits i
		JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'costkey.call'::regclass`))
}
