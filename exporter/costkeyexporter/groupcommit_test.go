package costkeyexporter

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.uber.org/zap"
	"pgregory.net/rapid"
)

// slowQueue is a queue whose offers end when the test says so.
type slowQueue struct {
	mu      sync.Mutex
	offered []*request
	ctxs    []context.Context
	answers chan error // one for each offer
}

func (q *slowQueue) offer(ctx context.Context, req *request) error {
	q.mu.Lock()
	q.offered, q.ctxs = append(q.offered, req), append(q.ctxs, ctx)
	q.mu.Unlock()
	select {
	case err := <-q.answers:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sizes are the numbers of calls of what was offered, sender by sender.
func (q *slowQueue) sizes() [][]int {
	q.mu.Lock()
	defer q.mu.Unlock()
	var out [][]int
	for _, req := range q.offered {
		var sizes []int
		for _, p := range req.parts {
			sizes = append(sizes, p.n)
		}
		out = append(out, sizes)
	}
	return out
}

// ctx is that of the n-th offer.
func (q *slowQueue) ctx(n int) context.Context {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.ctxs[n]
}

// grouping is a group commit in front of a queue, with what it told.
type grouping struct {
	*groupCommit
	taken atomic.Int64 // calls that were counted as accepted

	answers sync.Mutex
	results map[int]error // of the senders that have an answer, by their calls
}

func newGrouping(offer func(context.Context, *request) error) *grouping {
	g := &grouping{results: make(map[int]error)}
	g.groupCommit = newGroupCommit(createDefaultConfig().(*Config), zap.NewNop(), offer,
		func(_ context.Context, n int) { g.taken.Add(int64(n)) })
	return g
}

// answered are the senders that have an answer, by their calls.
func (g *grouping) answered() map[int]error {
	g.answers.Lock()
	defer g.answers.Unlock()
	return maps.Clone(g.results)
}

// queued are the groups that wait.
func (g *grouping) queued() []*group {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.waiting)
}

// send has a sender bring n calls, and returns when it waits or has its answer.
func (g *grouping) send(ctx context.Context, n int) {
	go func() {
		err := g.commit(ctx, part{packed: make([]byte, 100*n), n: n}, n)
		g.answers.Lock()
		defer g.answers.Unlock()
		g.results[n] = err
	}()
	synctest.Wait()
}

func TestALoneSendersRequestGoesAtOnceAndOthersGoTogetherAfterIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := &slowQueue{answers: make(chan error)}
		g := newGrouping(q.offer)
		defer g.stop()
		for _, n := range []int{1, 2, 3, 4} {
			g.send(t.Context(), n)
		}
		assert.Equal(t, [][]int{{1}}, q.sizes(), "nobody waited for the others")
		assert.Empty(t, g.answered(), "no sender is answered before its calls are safe")
		q.answers <- nil
		synctest.Wait()
		assert.Equal(t, [][]int{{1}, {2, 3, 4}}, q.sizes())
		assert.Equal(t, map[int]error{1: nil}, g.answered())
		assert.EqualValues(t, 1, g.taken.Load())
		q.answers <- nil
		synctest.Wait()
		assert.Equal(t, map[int]error{1: nil, 2: nil, 3: nil, 4: nil}, g.answered())
		assert.EqualValues(t, 10, g.taken.Load())
		g.send(t.Context(), 5)
		g.send(t.Context(), 6)
		assert.Len(t, q.sizes(), 2, "senders that come together wait for each other, for a moment")
		<-time.After(offerInterval)
		synctest.Wait()
		assert.Equal(t, []int{5, 6}, q.sizes()[2])
		<-time.After(offerInterval)
		q.answers <- nil
		synctest.Wait()
		for n := range 3 {
			g.send(t.Context(), 7+n)
			assert.Equal(t, []int{7 + n}, q.sizes()[3+n], "later a sender goes at once again, and each time while it is alone")
			q.answers <- nil
			synctest.Wait()
		}
	})
}

func TestAGroupIsBoundedByCallsAndBytes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := &slowQueue{answers: make(chan error, 10)}
		g := newGrouping(q.offer)
		defer g.stop()
		g.maxCalls, g.maxBytes = 10, 700
		for _, n := range []int{1, 4, 3, 2, 6, 12, 5} {
			g.send(t.Context(), n)
		}
		for range 10 {
			q.answers <- nil
		}
		<-time.After(time.Second)
		assert.Equal(t, [][]int{{1}, {4, 3}, {2}, {6}, {12}, {5}}, q.sizes())
		assert.EqualValues(t, 33, g.taken.Load())
	})
}

func TestASenderThatGivesUpBeforeItsTurnTakesItsCallsAlong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := &slowQueue{answers: make(chan error, 10)}
		g := newGrouping(q.offer)
		defer g.stop()
		ctx, cancel := context.WithCancel(t.Context())
		g.send(t.Context(), 1)
		g.send(ctx, 2)
		g.send(t.Context(), 3)
		cancel()
		synctest.Wait()
		assert.Equal(t, map[int]error{2: context.Canceled}, g.answered())
		assert.Equal(t, 3, g.queued()[0].calls)
		assert.Equal(t, 300, g.queued()[0].bytes)
		q.answers <- nil
		q.answers <- nil
		synctest.Wait()
		assert.Equal(t, [][]int{{1}, {3}}, q.sizes())
		assert.EqualValues(t, 4, g.taken.Load())
	})
}

func TestAGroupThatAllHaveLeftIsNotOffered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := &slowQueue{answers: make(chan error, 10)}
		g := newGrouping(q.offer)
		defer g.stop()
		ctx, cancel := context.WithCancel(t.Context())
		g.send(t.Context(), 1)
		g.send(ctx, 2)
		cancel()
		synctest.Wait()
		q.answers <- nil
		synctest.Wait()
		assert.Equal(t, [][]int{{1}}, q.sizes())
		assert.Empty(t, g.queued())
	})
}

func TestASenderThatGivesUpOnTheWayIsAnsweredAtOnceAndItsCallsCountOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := &slowQueue{answers: make(chan error, 10)}
		g := newGrouping(q.offer)
		defer g.stop()
		ctx, cancel := context.WithCancel(client.NewContext(t.Context(), client.Info{Auth: auth{"costkey.project": "team-a"}}))
		g.send(ctx, 1)
		cancel()
		synctest.Wait()
		assert.Equal(t, map[int]error{1: context.Canceled}, g.answered())
		require.ErrorIs(t, q.ctx(0).Err(), context.Canceled, "nobody waits for it any more")

		first, cancelFirst := context.WithCancel(t.Context())
		g.send(t.Context(), 2)
		g.send(first, 3)
		g.send(t.Context(), 4)
		q.answers <- nil
		synctest.Wait()
		cancelFirst()
		synctest.Wait()
		assert.Equal(t, map[int]error{1: context.Canceled, 2: nil, 3: context.Canceled}, g.answered())
		require.NoError(t, q.ctx(2).Err(), "the group goes on")
		assert.Equal(t, client.Info{}, client.FromContext(q.ctx(2)), "its context is no one sender's")
		q.answers <- nil
		synctest.Wait()
		assert.Equal(t, map[int]error{1: context.Canceled, 2: nil, 3: context.Canceled, 4: nil}, g.answered())
		assert.EqualValues(t, 9, g.taken.Load(), "what is in the queue counts, whoever waited for it")
	})
}

func TestTheErrorOfAGroupIsThatOfEachOfItsSenders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("no space left on device")
		q := &slowQueue{answers: make(chan error, 10)}
		g := newGrouping(q.offer)
		defer g.stop()
		for _, n := range []int{1, 2, 3} {
			g.send(t.Context(), n)
		}
		q.answers <- nil
		q.answers <- full
		synctest.Wait()
		assert.Equal(t, map[int]error{1: nil, 2: full, 3: full}, g.answered())
		assert.EqualValues(t, 1, g.taken.Load())
	})
}

// roomyQueue takes what it has room for.
type roomyQueue struct{ room int }

func (q *roomyQueue) offer(_ context.Context, req *request) error {
	if req.items > q.room {
		return exporterhelper.ErrQueueIsFull
	}
	q.room -= req.items
	return nil
}

func TestNoSenderIsRefusedWhoseCallsAloneWouldFit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.IntRange(1, 30), 1, 20).Draw(t, "sizes")
		room := rapid.IntRange(0, 300).Draw(t, "room")
		q := &roomyQueue{room: room}
		g := newGrouping(q.offer)
		var members []*contribution
		for _, n := range sizes {
			members = append(members, &contribution{part: part{n: n}, accepted: n, result: make(chan error, 1)})
		}
		g.offerTo(context.Background(), members)
		taken := 0
		for i, m := range members {
			switch err := <-m.result; {
			case err == nil:
				taken += sizes[i]
			case !errors.Is(err, exporterhelper.ErrQueueIsFull):
				t.Fatal(err)
			case sizes[i] <= q.room:
				t.Fatalf("%d calls were refused where there is room for %d", sizes[i], q.room)
			}
		}
		if int64(taken) != g.taken.Load() || taken != room-q.room {
			t.Fatalf("%d calls were taken, %d counted, and the queue has %d", taken, g.taken.Load(), room-q.room)
		}
	})
}

func TestAPanicOfTheQueueIsTheErrorOfItsGroupAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var panics atomic.Bool
		panics.Store(true)
		g := newGrouping(func(context.Context, *request) error {
			if panics.Load() {
				panic("index out of range")
			}
			return nil
		})
		defer g.stop()
		g.send(t.Context(), 1)
		panics.Store(false)
		g.send(t.Context(), 2)
		assert.Equal(t, map[int]error{1: errOfferPanicked, 2: nil}, g.answered())
	})
}

func TestStoppingEndsAnOfferThatWaitsForRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := &slowQueue{answers: make(chan error)}
		g := newGrouping(q.offer)
		g.send(t.Context(), 1)
		g.send(t.Context(), 2)
		g.stop()
		synctest.Wait()
		assert.Equal(t, map[int]error{1: context.Canceled, 2: context.Canceled}, g.answered())
		assert.Empty(t, g.queued())
	})
}

func TestEverySenderOfManyIsAnsweredAndEveryCallIsOfferedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var got []int
		g := newGrouping(func(_ context.Context, req *request) error {
			<-time.After(time.Millisecond) // of the test's clock: a sync
			mu.Lock()
			defer mu.Unlock()
			for _, p := range req.parts {
				got = append(got, int(p.packed[0])<<8|int(p.packed[1]))
			}
			return nil
		})
		defer g.stop()
		var senders sync.WaitGroup
		for s := range 32 {
			senders.Go(func() {
				for i := range 50 {
					n := s*50 + i
					assert.NoError(t, g.commit(t.Context(), part{packed: []byte{byte(n >> 8), byte(n)}, n: 1}, 1))
				}
			})
		}
		senders.Wait()
		slices.Sort(got)
		require.Len(t, got, 1600)
		for n := range got {
			require.Equal(t, n, got[n])
		}
		assert.EqualValues(t, 1600, g.taken.Load())
	})
}
