package storage_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/costkey/costkey-otel/samecall"
	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/usage"
)

// inTrace puts a span into the n-th trace of a test, with response ids of its own.
func inTrace(n int) func(*storage.Call) {
	return func(c *storage.Call) {
		binary.BigEndian.PutUint32(c.TraceID[:], uint32(n)+1)
		if c.ResponseID != "" {
			c.ResponseID = fmt.Sprint(c.ResponseID, "-", n)
		}
	}
}

func long(c *storage.Call) { c.DurationMicros = 2_000_000 }

func scope(name string) func(*storage.Call) {
	return func(c *storage.Call) { c.ScopeName = name }
}

func counts(input, output int64) func(*storage.Call) {
	return func(c *storage.Call) {
		c.Usage = usage.Usage{Input: usage.Known(input), Output: usage.Known(output)}
	}
}

// family is the spans of one trace, and the rows that must be left of them: the last digit of the span and the cost. Where
// any of several spans may be the row, which hangs on who came first, it is their sum that is held.
type family struct {
	name      string
	spans     []func(*storage.Call)
	ids       [][2]uint64 // span and parent
	links     [][2]uint64
	want, sum string
}

// families are the ways in which one call is told by several spans without an id that tells, and the ways in which
// several calls look alike.
var families = []family{
	{
		name: "an SDK's span with the id around one without",
		ids:  [][2]uint64{{1, 0}, {2, 1}}, spans: []func(*storage.Call){long, withoutID}, want: "2 " + price,
	},
	{
		name: "a span without the id around one with it",
		ids:  [][2]uint64{{1, 0}, {2, 1}}, spans: []func(*storage.Call){withoutID, nil}, want: "2 " + price,
	},
	{
		name:  "a framework's span with a run's id",
		ids:   [][2]uint64{{1, 0}, {2, 1}},
		spans: []func(*storage.Call){func(c *storage.Call) { c.ResponseID = "run-0195" }, nil}, want: "2 " + price,
	},
	{
		name: "neither has an id",
		ids:  [][2]uint64{{1, 0}, {2, 1}}, spans: []func(*storage.Call){withoutID, withoutID}, want: "2 " + price,
	},
	{
		name: "a chain between them", links: [][2]uint64{{5, 1}},
		ids: [][2]uint64{{1, 0}, {2, 5}}, spans: []func(*storage.Call){withoutID, nil}, want: "2 " + price,
	},
	{
		name: "an agent between them", // which is no link
		ids:  [][2]uint64{{1, 0}, {2, 5}}, spans: []func(*storage.Call){withoutID, nil}, want: "1 " + price + ", 2 " + price,
	},
	{
		name: "three spans of one call",
		ids:  [][2]uint64{{1, 0}, {2, 1}, {3, 2}}, spans: []func(*storage.Call){withoutID, withoutAnswer, nil}, want: "3 " + price,
	},
	{
		name: "two instrumentations side by side",
		ids:  [][2]uint64{{1, 9}, {2, 9}}, spans: []func(*storage.Call){withoutAnswer, nil}, want: "2 " + price,
	},
	{
		name:  "Anthropic's stream helper beside its SDK",
		ids:   [][2]uint64{{1, 9}, {2, 9}},
		spans: []func(*storage.Call){scope("com.anthropic.sdk.typescript"), withoutID}, want: "1 " + price,
	},
	{
		name: "tries refused, refused and answered",
		ids:  [][2]uint64{{1, 0}, {2, 1}, {3, 1}, {4, 1}},
		spans: []func(*storage.Call){
			func(c *storage.Call) { long(c); withoutID(c) }, refused(429), refused(500), scope("http"),
		},
		want: "2 0, 3 0, 4 " + price,
	},
	{
		name: "a leaf that sums the leaves inside", ids: [][2]uint64{{1, 0}, {2, 1}, {3, 1}},
		spans: []func(*storage.Call){
			func(c *storage.Call) { withoutID(c); counts(30, 12)(c) },
			func(c *storage.Call) { withoutID(c); counts(10, 5)(c) },
			func(c *storage.Call) { counts(20, 7)(c) },
		},
		want: "2 " + price + ", 3 " + price,
	},
	{
		name: "an inner span that knows nothing of the cache",
		ids:  [][2]uint64{{1, 0}, {2, 1}},
		spans: []func(*storage.Call){withoutID, func(c *storage.Call) {
			withoutID(c)
			c.Usage = usage.Usage{Input: usage.Known(1207 - 1024), Output: usage.Known(143)}
			c.CostUSD, c.Notes = usd("0.001"), []string{"cache_unknown"}
		}},
		want: "2 " + price,
	},
	{
		name:  "two instrumentations side by side, one of them around a third span without an id",
		ids:   [][2]uint64{{1, 9}, {2, 9}, {3, 2}},
		spans: []func(*storage.Call){nil, nil, withoutID}, sum: "1 calls, 0 unpriced, " + price,
	},
	{
		name:  "the same, the third with an id and the one around it without",
		ids:   [][2]uint64{{1, 9}, {2, 9}, {3, 2}},
		spans: []func(*storage.Call){nil, withoutID, nil}, sum: "1 calls, 0 unpriced, " + price,
	},
	{
		name: "chains between three spans of one call", links: [][2]uint64{{7, 1}, {8, 7}, {6, 2}},
		ids: [][2]uint64{{1, 0}, {2, 8}, {3, 6}}, spans: []func(*storage.Call){withoutID, withoutAnswer, nil}, want: "3 " + price,
	},
	{
		name: "two calls at once, each told by two instrumentations side by side",
		ids:  [][2]uint64{{1, 9}, {2, 9}, {3, 9}, {4, 9}},
		spans: []func(*storage.Call){
			scope("a"), func(c *storage.Call) { withoutAnswer(c); c.ScopeName = "b" },
			func(c *storage.Call) { c.ScopeName, c.ResponseID = "a", c.ResponseID+"-other" },
			func(c *storage.Call) { withoutAnswer(c); c.ScopeName = "b" },
		},
		want: "1 " + price + ", 3 " + price,
	},
	{
		name: "an unanswered call beside one that two instrumentations told",
		ids:  [][2]uint64{{1, 9}, {2, 9}, {3, 9}},
		spans: []func(*storage.Call){
			scope("a"), func(c *storage.Call) { withoutAnswer(c); c.ScopeName = "b" },
			func(c *storage.Call) { withoutAnswer(c); c.ScopeName = "b" },
		},
		sum: "2 calls, 1 unpriced, " + price,
	},
	{
		name: "two equal streams of which the SDK told one",
		ids:  [][2]uint64{{1, 9}, {2, 9}, {3, 9}},
		spans: []func(*storage.Call){
			scope("com.anthropic.sdk.typescript"), func(c *storage.Call) { withoutID(c); c.ScopeName = "b" },
			func(c *storage.Call) { withoutID(c); c.ScopeName = "b" },
		},
		sum: "2 calls, 0 unpriced, 0.006335", // twice the price
	},
	{
		name: "siblings with equal counts",
		ids:  [][2]uint64{{1, 9}, {2, 9}}, spans: []func(*storage.Call){withoutID, withoutID}, want: "1 " + price + ", 2 " + price,
	},
	{
		name: "an outer leaf whose inner one never arrives",
		ids:  [][2]uint64{{1, 9}}, spans: []func(*storage.Call){withoutID}, want: "1 " + price,
	},
}

// told returns the i-th span of f in a trace.
func (f *family) told(i, trace int) storage.Call {
	change := []func(*storage.Call){inTrace(trace)}
	if f.spans[i] != nil {
		change = append(change, f.spans[i])
	}
	return span(f.ids[i][0], f.ids[i][1], change...)
}

func (f *family) link(i, trace int) storage.Node {
	c := span(f.links[i][0], f.links[i][1], inTrace(trace))
	return storage.Node{
		Project: c.Project, TraceID: c.TraceID, SpanID: c.SpanID, ParentSpanID: c.ParentSpanID, StartMicros: c.StartMicros,
	}
}

// rowsOf lists the rows of a trace.
func rowsOf(t require.TestingT, conn *pgx.Conn, trace int) string {
	var rows string
	err := conn.QueryRow(context.Background(), `SELECT coalesce(
		string_agg(right(span_id, 1) || ' ' || coalesce(cost_usd::text, cost_status), ', ' ORDER BY span_id), '')
		FROM costkey.calls WHERE trace_id = $1`, fmt.Sprintf("%08x%024x", trace+1, 0)).Scan(&rows)
	require.NoError(t, err)
	return rows
}

// sumOf says what the rows of a trace come to.
func sumOf(t require.TestingT, conn *pgx.Conn, trace int) string {
	var sum string
	err := conn.QueryRow(context.Background(), `SELECT count(*) || ' calls, ' || count(*) - count(cost_usd) || ' unpriced, ' ||
		trim_scale(coalesce(sum(cost_usd), 0))::text FROM costkey.calls WHERE trace_id = $1`, fmt.Sprintf("%08x%024x", trace+1, 0)).Scan(&sum)
	require.NoError(t, err)
	return sum
}

// require holds what is left of f in a trace.
func (f *family) require(t require.TestingT, conn *pgx.Conn, trace int, why ...any) {
	if f.sum != "" {
		require.Equal(t, f.sum, sumOf(t, conn, trace), why...)
		return
	}
	require.Equal(t, f.want, rowsOf(t, conn, trace), why...)
}

// keepAlive is a call without an id in a trace of its own: its project is known to have some.
func keepAlive(t testing.TB, s *storage.Store) {
	t.Helper()
	write(t, s, span(1, 0, inTrace(1<<20), withoutID))
}

func TestSpansOfOneCallAreOneRowWhateverTheOrderOfTheirBatches(t *testing.T) {
	t.Parallel()
	for _, f := range families {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			s, conn := open(t)
			f.requireInEveryOrder(t, s, conn)
		})
		t.Run(f.name+", while others write too", func(t *testing.T) {
			t.Parallel()
			s, conn := open(t)
			othersWrote(t, conn.Config().ConnString(), time.Now())
			f.requireInEveryOrder(t, s, conn)
		})
	}
}

// requireInEveryOrder writes the spans of f one by one, trace after trace in another order.
func (f *family) requireInEveryOrder(t *testing.T, s *storage.Store, conn *pgx.Conn) {
	t.Helper()
	if len(f.links) > 0 {
		keepAlive(t, s)
	}
	n := len(f.ids)
	all := orders(n + len(f.links))
	for trace := 0; trace < len(all); trace += max(1, len(all)/12) {
		order := all[trace]
		send := func() {
			for _, i := range order {
				if i >= n {
					_, err := s.WriteCalls(context.Background(), nil, f.link(i-n, trace))
					require.NoError(t, err)
					continue
				}
				write(t, s, f.told(i, trace))
				requireSums(t, conn)
			}
		}
		send()
		f.require(t, conn, trace, "order %v", order)
		send()
		f.require(t, conn, trace, "resent, order %v", order)
		for i := n - 1; i >= 0; i-- {
			write(t, s, f.told(i, trace))
		}
		f.require(t, conn, trace, "resent backwards, order %v", order)
	}
}

// TestSpansOfOneCallFromTwoCollectorsAtOnceAreOneRow commits the spans of one call at the same moment, round by round; and so
// by two consumers of one collector that is alone.
func TestSpansOfOneCallFromTwoCollectorsAtOnceAreOneRow(t *testing.T) {
	t.Parallel()
	for _, f := range families {
		if len(f.ids) < 2 || len(f.links) > 0 {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			dsn := migrated(t)
			f.requireAtOnce(t, connect(t, dsn), openAt(t, dsn), openAt(t, dsn))
		})
		t.Run(f.name+", by one collector", func(t *testing.T) {
			t.Parallel()
			dsn := migrated(t)
			f.requireAtOnce(t, connect(t, dsn), openAt(t, dsn))
		})
	}
}

// requireAtOnce writes the spans of f at once to the stores in turn, trace after trace.
func (f *family) requireAtOnce(t *testing.T, conn *pgx.Conn, stores ...*storage.Store) {
	t.Helper()
	const rounds = 30
	for round := range rounds {
		var wg sync.WaitGroup
		start := make(chan struct{})
		for i := range f.ids {
			wg.Go(func() {
				<-start
				writeUntilStored(t, stores[(i+round)%len(stores)], f.told(i, round))
			})
		}
		close(start)
		wg.Wait()
		f.require(t, conn, round, "round %d", round)
	}
	requireSums(t, conn)
}

// TestASpanThatLosesItsRowIsNewsToWhatWasWrittenMeanwhile holds up a writer between what it saw and what it writes.
func TestASpanThatLosesItsRowIsNewsToWhatWasWrittenMeanwhile(t *testing.T) {
	t.Parallel()
	at := slices.IndexFunc(families, func(f family) bool {
		return f.name == "the same, the third with an id and the one around it without"
	})
	f := families[at]
	dsn := migrated(t)
	conn, blocker := connect(t, dsn), connect(t, dsn)
	first, second := openAt(t, dsn), openAt(t, dsn)
	write(t, first, f.told(0, 0))
	hold, err := blocker.Begin(t.Context())
	require.NoError(t, err)
	_, err = hold.Exec(t.Context(), "LOCK TABLE costkey.trace_node IN EXCLUSIVE MODE") // readers pass
	require.NoError(t, err)
	var late sync.WaitGroup
	late.Go(func() { writeUntilStored(t, first, f.told(2, 0)) })
	require.Eventually(t, func() bool {
		var waits bool
		err := conn.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'costkey.trace_node'::regclass)").Scan(&waits)
		return err == nil && waits
	}, 10*time.Second, 5*time.Millisecond)
	write(t, second, f.told(1, 0))
	require.NoError(t, hold.Commit(t.Context()))
	late.Wait()
	f.require(t, conn, 0)
	requireSums(t, conn)
}

// writeUntilStored writes calls as the exporter does: again, where the error may pass.
func writeUntilStored(t testing.TB, s *storage.Store, calls ...storage.Call) {
	for written := false; !written; {
		_, err := s.WriteCalls(context.Background(), append([]storage.Call(nil), calls...))
		written = err == nil || !assert.True(t, storage.IsRetryable(err), err)
	}
}

// item is a span of a family, or one of its wrappers.
type item struct {
	family, trace, span int
	link                bool
}

func (i *item) call() storage.Call { return families[i.family].told(i.span, i.trace) }

// batch is what is written at once.
type batch []item

// write lets s store b, again where the error may pass.
func (b batch) write(s *storage.Store) error { return b.writeIn(context.Background(), s) }

func (b batch) writeIn(ctx context.Context, s *storage.Store) error {
	for {
		var calls []storage.Call
		var links []storage.Node
		for i := range b {
			if b[i].link {
				links = append(links, families[b[i].family].link(b[i].span, b[i].trace))
			} else {
				calls = append(calls, b[i].call())
			}
		}
		if _, err := s.WriteCalls(ctx, calls, links...); !storage.IsRetryable(err) {
			return err
		}
	}
}

// drawItems draws families from trace on, with some of their spans sent again, in any order.
func drawItems(r *rapid.T, trace int) (items []item, drawn []int) {
	drawn = rapid.SliceOfN(rapid.IntRange(0, len(families)-1), 1, 3).Draw(r, "families")
	for k, n := range drawn {
		for i := range families[n].ids {
			items = append(items, item{family: n, trace: trace + k, span: i})
		}
		for i := range families[n].links {
			items = append(items, item{family: n, trace: trace + k, span: i, link: true})
		}
	}
	items = append(items, rapid.SliceOfN(rapid.SampledFrom(items), 0, 4).Draw(r, "sent again")...)
	return rapid.Permutation(items).Draw(r, "order"), drawn
}

// drawBatches splits items.
func drawBatches(r *rapid.T, items []item) []batch {
	var out []batch
	for len(items) > 0 {
		n := rapid.IntRange(1, len(items)).Draw(r, "batch")
		out = append(out, items[:n])
		items = items[n:]
	}
	return out
}

// collectorsOf opens stores on one database whose project is known to have calls without an id.
func collectorsOf(t *testing.T, n int) ([]*storage.Store, *pgx.Conn) {
	t.Helper()
	dsn := migrated(t)
	conn := connect(t, dsn)
	var stores []*storage.Store
	for range n {
		stores = append(stores, openAt(t, dsn))
	}
	keepAlive(t, stores[0])
	return stores, conn
}

func TestAnyPartitionIntoBatchesAndCollectorsLeavesTheSameRows(t *testing.T) {
	t.Parallel()
	stores, conn := collectorsOf(t, 3)
	trace := 0
	rapid.Check(t, func(r *rapid.T) {
		first := trace
		items, drawn := drawItems(r, first)
		trace += len(drawn)
		for _, b := range drawBatches(r, items) {
			require.NoError(r, b.write(stores[rapid.IntRange(0, len(stores)-1).Draw(r, "store")]))
		}
		for k, n := range drawn {
			families[n].require(r, conn, first+k)
		}
	})
	requireSums(t, conn)
}

// TestAnyPartitionAmongCollectorsAtOnceLeavesTheSameRows lets each of several collectors write its batches while the others
// write theirs.
func TestAnyPartitionAmongCollectorsAtOnceLeavesTheSameRows(t *testing.T) {
	t.Parallel()
	stores, conn := collectorsOf(t, 3)
	trace := 0
	rapid.Check(t, func(r *rapid.T) {
		first := trace
		items, drawn := drawItems(r, first)
		trace += len(drawn)
		shares := make([][]batch, len(stores))
		for _, b := range drawBatches(r, items) {
			n := rapid.IntRange(0, len(stores)-1).Draw(r, "store")
			shares[n] = append(shares[n], b)
		}
		errs := make([]error, len(stores))
		var wg sync.WaitGroup
		for i, share := range shares {
			wg.Go(func() {
				for _, b := range share {
					errs[i] = errors.Join(errs[i], b.write(stores[i]))
				}
			})
		}
		wg.Wait()
		require.NoError(r, errors.Join(errs...))
		for k, n := range drawn {
			families[n].require(r, conn, first+k)
		}
	})
	requireSums(t, conn)
}

// TestWhatADeadCollectorDidNotJoinIsJoinedWhenTheWindowEnds puts two spans of one call side by side in the tables, as a
// collector leaves them that dies between its commit and its look.
func TestWhatADeadCollectorDidNotJoinIsJoinedWhenTheWindowEnds(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	ctx := context.Background()
	write(t, s, span(1, 0, withoutID))
	exec := func(sql string) {
		_, err := conn.Exec(ctx, sql)
		require.NoError(t, err)
	}
	exec("CREATE TABLE hidden AS TABLE costkey.pending_trace; DELETE FROM costkey.pending_trace")
	write(t, s, span(2, 1))
	exec("INSERT INTO costkey.pending_trace OVERRIDING SYSTEM VALUE SELECT * FROM hidden")
	requireBill(t, conn, "1 "+price, "2 "+price)
	report, err := s.Maintain(ctx)
	require.NoError(t, err)
	require.Zero(t, report.Joined, "within the window it is the writers' business")
	exec("UPDATE costkey.pending_trace SET written_at = now() - interval '16 minutes'")
	report, err = s.Maintain(ctx)
	require.NoError(t, err)
	require.Equal(t, 1, report.Joined)
	requireBill(t, conn, "2 "+price)
	require.Zero(t, one[int](t, conn, "SELECT count(*) FROM costkey.pending_trace"))
}

func TestLinksAreKeptForProjectsThatNeedThemOnly(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	ctx := context.Background()
	f := family{links: [][2]uint64{{5, 1}}}
	kept := func() int { return one[int](t, conn, "SELECT count(*) FROM costkey.trace_node") }
	_, err := s.WriteCalls(ctx, nil, f.link(0, 0))
	require.NoError(t, err)
	require.Zero(t, one[int](t, conn, "SELECT count(*) FROM costkey.projects"), "a link alone makes no project")
	_, err = s.WriteCalls(ctx, []storage.Call{span(1, 0)}, f.link(0, 0))
	require.NoError(t, err)
	require.Zero(t, kept(), "all calls have an id")
	keepAlive(t, s)
	_, err = s.WriteCalls(ctx, nil, f.link(0, 0), f.link(0, 0))
	require.NoError(t, err)
	require.Equal(t, 1, kept())
	_, err = conn.Exec(ctx, "UPDATE costkey.trace_node SET written_at = now() - interval '31 minutes'")
	require.NoError(t, err)
	_, err = s.Maintain(ctx)
	require.NoError(t, err)
	require.Zero(t, kept(), "after the window")
}

// TestWhatABatchJoinedBesideACallIsRemembered lets the exporter join a span beside a call, before the store sees either.
func TestWhatABatchJoinedBesideACallIsRemembered(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	ctx := context.Background()
	unanswered := func(n uint64, name string) storage.Call {
		return span(n, 9, withoutAnswer, func(c *storage.Call) { c.ScopeName = name })
	}
	dropped := unanswered(2, "b")
	facts := samecall.Facts{Scope: dropped.ScopeName, Service: dropped.ServiceName}
	link := storage.Node{
		Project: dropped.Project, TraceID: dropped.TraceID, SpanID: dropped.SpanID, ParentSpanID: dropped.ParentSpanID,
		StartMicros: dropped.StartMicros, ReplacedBy: span(1, 9).SpanID, Observer: facts.Observer(),
	}
	for range 2 { // the second time is the batch again
		_, err := s.WriteCalls(ctx, []storage.Call{span(1, 9)}, link)
		require.NoError(t, err)
	}
	require.Equal(t, storage.WriteResult{Joined: 1}, write(t, s, unanswered(2, "b")), "the span itself, told again")
	require.Equal(t, storage.WriteResult{Joined: 0, Written: 1}, write(t, s, unanswered(3, "b")), "another one seen from there")
	require.Equal(t, storage.WriteResult{Joined: 1}, write(t, s, unanswered(4, "c")), "one seen from elsewhere")
	requireBill(t, conn, "1 "+price, "3 no_usage")

	// A place that is taken leaves a link like others.
	link.SpanID = [8]byte{7}
	_, err := s.WriteCalls(ctx, nil, link)
	require.NoError(t, err)
	require.Equal(t, 2, one[int](t, conn, "SELECT count(replaced_by_span_id) FROM costkey.trace_node"))
}

// TestARowThatCameOfJoiningAndIsRefusedTakesNothingAway makes PostgreSQL refuse what the two spans come to together.
func TestARowThatCameOfJoiningAndIsRefusedTakesNothingAway(t *testing.T) {
	t.Parallel()
	for name, id := range map[string]func(*storage.Call){"with an id": func(*storage.Call) {}, "without": withoutID} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, conn := open(t)
			_, err := conn.Exec(context.Background(),
				"ALTER TABLE costkey.dimension_set ADD CHECK (service_version <> '2' OR function_name IS NULL)")
			require.NoError(t, err)
			inner := span(2, 1, id, withoutCode, func(c *storage.Call) { c.ServiceVersion = "2" })
			write(t, s, span(1, 0, id))
			require.Equal(t, storage.WriteResult{Written: 1}, write(t, s, inner))
			requireBill(t, conn, "1 "+price, "2 "+price)
		})
	}
}
