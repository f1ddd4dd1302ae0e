package storage_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/costkey/costkey-otel/storage"
	writing "github.com/costkey/costkey-otel/storage/internal/write"
)

// turns lets several writers go one at a time, each until its next step. Steps lie outside of transactions, so that the one
// that goes never waits for one that stands.
type turns struct {
	stands chan struct{}   // the writer that went stands at a step, or is done
	goes   []chan struct{} // by writer
}

// turn is a writer's place, in the context of its batches.
type turn struct {
	*turns
	writer int
}

type turnKey struct{}

// pauseForTurn is the pause of every store of these tests.
func pauseForTurn(ctx context.Context, _ writing.Step) {
	if t, ok := ctx.Value(turnKey{}).(turn); ok {
		t.stands <- struct{}{}
		<-t.goes[t.writer]
	}
}

// run runs writers and asks next which of those that are left goes on. A writer that returns an error has done nothing more.
func (t *turns) run(writers []func(context.Context) error, next func(left int) int) error {
	t.stands = make(chan struct{})
	var left []int
	for i := range writers {
		t.goes = append(t.goes, make(chan struct{}))
		left = append(left, i)
	}
	errs := make([]error, len(writers))
	done := make([]bool, len(writers))
	for i, w := range writers {
		go func() {
			<-t.goes[i]
			errs[i] = w(context.WithValue(context.Background(), turnKey{}, turn{t, i}))
			done[i] = true
			t.stands <- struct{}{}
		}()
	}
	step := func(at int) {
		t.goes[left[at]] <- struct{}{}
		<-t.stands
		if done[left[at]] {
			left = append(left[:at], left[at+1:]...)
		}
	}
	defer func() { // next may panic
		for len(left) > 0 {
			step(0)
		}
	}()
	for len(left) > 0 {
		step(next(len(left)))
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// steppedCollectorsOf is collectorsOf with stores that stand at each step.
func steppedCollectorsOf(t *testing.T, n int, how writing.Testing) ([]*storage.Store, *pgx.Conn) {
	t.Helper()
	dsn := migrated(t)
	how.Pause = pauseForTurn
	var stores []*storage.Store
	for range n {
		s := openAt(t, dsn)
		s.SetTesting(how)
		stores = append(stores, s)
	}
	keepAlive(t, stores[0])
	return stores, connect(t, dsn)
}

// TestAnyPartitionAmongWritersThatStandAtAnyStepLeavesTheSameRows is the same as its neighbours with moments that are drawn: each
// writer goes on to its next step when it is its turn. Two writers may be consumers of one store.
func TestAnyPartitionAmongWritersThatStandAtAnyStepLeavesTheSameRows(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]writing.Testing{
		"of traces that are read whole": {},
		"of traces that are walked":     {ShortTrace: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stores, conn := steppedCollectorsOf(t, 3, how)
			trace := 0
			rapid.Check(t, func(r *rapid.T) {
				first := trace
				items, drawn := drawItems(r, first)
				trace += len(drawn)
				requireSteps(r, stores, drawBatches(r, items))
				for k, n := range drawn {
					families[n].require(r, conn, first+k)
				}
			})
			requireSums(t, conn)
		})
	}
}

// requireSteps deals batches out to writers, of which each has a store, and lets them take turns.
func requireSteps(r *rapid.T, stores []*storage.Store, batches []batch) {
	shares := make([][]batch, rapid.IntRange(2, 4).Draw(r, "writers"))
	for _, b := range batches {
		n := rapid.IntRange(0, len(shares)-1).Draw(r, "writer")
		shares[n] = append(shares[n], b)
	}
	var writers []func(context.Context) error
	for _, share := range shares {
		if len(share) == 0 {
			continue
		}
		s := stores[rapid.IntRange(0, len(stores)-1).Draw(r, "store")]
		writers = append(writers, func(ctx context.Context) error {
			for _, b := range share {
				if err := b.writeIn(ctx, s); err != nil {
					return err
				}
			}
			return nil
		})
	}
	var all turns
	require.NoError(r, all.run(writers, func(left int) int {
		if left == 1 {
			return 0
		}
		return rapid.IntRange(0, left-1).Draw(r, "turn")
	}))
}

// TestAnOuterSpanThatIsStoredAndReplacedWhileItIsJudgedIsOneRow is the commonest way in which one call became two rows for
// good: an SDK's span around an HTTP client's, both with the answer's id. A sender's time-out makes it send the outer one
// twice, to a and to b, which looks before it writes; the inner one comes to c.
func TestAnOuterSpanThatIsStoredAndReplacedWhileItIsJudgedIsOneRow(t *testing.T) {
	t.Parallel()
	dsn := migrated(t)
	conn := connect(t, dsn)
	a, b, c := openAt(t, dsn), openAt(t, dsn), openAt(t, dsn)
	var pause func(at writing.Step) // nil until b writes what is tested
	b.SetTesting(writing.Testing{Pause: func(_ context.Context, at writing.Step) {
		if pause != nil {
			pause(at)
		}
	}})
	keepAlive(t, a)
	write(t, b, call(5000))
	write(t, b, call(5000)) // a resend: it looks for a while
	trace := 0
	steps := []writing.Step{
		writing.StepPrepared, writing.StepDivided, writing.StepJudged, writing.StepApplying, writing.StepWritten,
	}
	for i, outerAt := range steps {
		for _, innerAt := range steps[i:] {
			outer := func() storage.Call { return span(1, 0, long, inTrace(trace)) }
			inner := func() storage.Call { return span(2, 1, inTrace(trace)) }
			told := []func(){func() { write(t, a, outer()) }, func() { write(t, c, inner()) }}
			at := []writing.Step{outerAt, innerAt}
			pause = func(step writing.Step) {
				for len(told) > 0 && at[0] == step {
					tell := told[0]
					told, at = told[1:], at[1:]
					tell()
				}
			}
			write(t, b, outer())
			pause = nil
			for _, tell := range told { // b did not come there
				tell()
			}
			require.Equal(t, "2 "+price, rowsOf(t, conn, trace), "stored when it was %s, replaced when it was %s", outerAt, innerAt)
			trace++
		}
	}
	_, err := conn.Exec(t.Context(), "UPDATE costkey.pending_trace SET written_at = now() - interval '1 hour'")
	require.NoError(t, err)
	_, err = a.Maintain(t.Context())
	require.NoError(t, err)
	for trace := range trace {
		require.Equal(t, "2 "+price, rowsOf(t, conn, trace), "after the window")
	}
	requireSums(t, conn)
}
