package storage_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/storage/storagetest"
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

// family is the spans of one trace, and the rows that must be left of them: the last digit of the span and the cost.
type family struct {
	name  string
	spans []func(*storage.Call)
	ids   [][2]uint64 // span and parent
	links [][2]uint64
	want  string
}

// families are the ways in which one call is told by several spans without an id that settles it, and the ways in which
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

func (f *family) link(i, trace int) storage.Link {
	c := span(f.links[i][0], f.links[i][1], inTrace(trace))
	return storage.Link{
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
			if len(f.links) > 0 {
				keepAlive(t, s)
			}
			n := len(f.ids)
			for trace, order := range orders(n + len(f.links)) {
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
				require.Equal(t, f.want, rowsOf(t, conn, trace), "order %v", order)
				send()
				require.Equal(t, f.want, rowsOf(t, conn, trace), "resent, order %v", order)
				for i := n - 1; i >= 0; i-- {
					write(t, s, f.told(i, trace))
				}
				require.Equal(t, f.want, rowsOf(t, conn, trace), "resent backwards, order %v", order)
			}
		})
	}
}

// TestSpansOfOneCallFromTwoCollectorsAtOnceAreOneRow commits the spans of one call at the same moment, round by round.
func TestSpansOfOneCallFromTwoCollectorsAtOnceAreOneRow(t *testing.T) {
	t.Parallel()
	const rounds = 50
	for _, f := range families {
		if len(f.ids) < 2 || len(f.links) > 0 {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			dsn := storagetest.DSN(t)
			conn := connect(t, dsn)
			stores := []*storage.Store{openAt(t, dsn), openAt(t, dsn)}
			for round := range rounds {
				var wg sync.WaitGroup
				start := make(chan struct{})
				for i := range f.ids {
					wg.Go(func() {
						<-start
						writeUntilStored(t, stores[(i+round)%2], f.told(i, round))
					})
				}
				close(start)
				wg.Wait()
				require.Equal(t, f.want, rowsOf(t, conn, round), "round %d", round)
			}
			requireSums(t, conn)
		})
	}
}

// writeUntilStored writes calls as the exporter does: again, where the error may pass.
func writeUntilStored(t testing.TB, s *storage.Store, calls ...storage.Call) {
	for written := false; !written; {
		_, err := s.WriteCalls(context.Background(), append([]storage.Call(nil), calls...))
		written = err == nil || !assert.True(t, storage.IsRetryable(err), err)
	}
}

func TestAnyPartitionIntoBatchesAndCollectorsLeavesTheSameRows(t *testing.T) {
	t.Parallel()
	dsn := storagetest.DSN(t)
	conn := connect(t, dsn)
	stores := []*storage.Store{openAt(t, dsn), openAt(t, dsn), openAt(t, dsn)}
	trace := 0
	rapid.Check(t, func(r *rapid.T) {
		first := trace
		var spans []storage.Call
		var want []string
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, len(families)-1), 1, 4).Draw(r, "families") {
			f := &families[n]
			if len(f.links) > 0 {
				continue
			}
			for i := range f.ids {
				spans = append(spans, f.told(i, trace))
			}
			want = append(want, f.want)
			trace++
		}
		spans = append(spans, rapid.SliceOf(rapid.SampledFrom(append(spans, span(1, 0, inTrace(1<<20))))).Draw(r, "resent")...)
		spans = rapid.Permutation(spans).Draw(r, "order")
		for len(spans) > 0 {
			n := rapid.IntRange(1, len(spans)).Draw(r, "batch")
			s := stores[rapid.IntRange(0, len(stores)-1).Draw(r, "store")]
			_, err := s.WriteCalls(context.Background(), append([]storage.Call(nil), spans[:n]...))
			require.NoError(r, err)
			spans = spans[n:]
		}
		for i, rows := range want {
			require.Equal(r, rows, rowsOf(r, conn, first+i))
		}
	})
	requireSums(t, conn)
}

// TestWhatADeadCollectorDidNotSettleIsSettledWhenTheWindowEnds puts two spans of one call side by side in the tables, as a
// collector leaves them that dies between its commit and its look.
func TestWhatADeadCollectorDidNotSettleIsSettledWhenTheWindowEnds(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	ctx := context.Background()
	write(t, s, span(1, 0, withoutID))
	exec := func(sql string) {
		_, err := conn.Exec(ctx, sql)
		require.NoError(t, err)
	}
	exec("CREATE TABLE hidden AS TABLE costkey.suspect; DELETE FROM costkey.suspect")
	write(t, s, span(2, 1))
	exec("INSERT INTO costkey.suspect SELECT * FROM hidden")
	requireBill(t, conn, "1 "+price, "2 "+price)
	report, err := s.Maintain(ctx)
	require.NoError(t, err)
	require.Zero(t, report.Settled, "within the window it is the writers' business")
	exec("UPDATE costkey.suspect SET written_at = now() - interval '16 minutes'")
	report, err = s.Maintain(ctx)
	require.NoError(t, err)
	require.Equal(t, 1, report.Settled)
	requireBill(t, conn, "2 "+price)
	require.Zero(t, one[int](t, conn, "SELECT count(*) FROM costkey.suspect"))
}

func TestLinksAreKeptForProjectsThatNeedThemOnly(t *testing.T) {
	t.Parallel()
	s, conn := open(t)
	ctx := context.Background()
	f := family{links: [][2]uint64{{5, 1}}}
	kept := func() int { return one[int](t, conn, "SELECT count(*) FROM costkey.link") }
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
	_, err = conn.Exec(ctx, "UPDATE costkey.link SET written_at = now() - interval '31 minutes'")
	require.NoError(t, err)
	_, err = s.Maintain(ctx)
	require.NoError(t, err)
	require.Zero(t, kept(), "after the window")
}

// TestARowThatCameOfJoiningAndIsRefusedTakesNothingAway makes PostgreSQL refuse what the two spans come to together.
func TestARowThatCameOfJoiningAndIsRefusedTakesNothingAway(t *testing.T) {
	t.Parallel()
	for name, id := range map[string]func(*storage.Call){"with an id": func(*storage.Call) {}, "without": withoutID} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, conn := open(t)
			_, err := conn.Exec(context.Background(),
				"ALTER TABLE costkey.cell ADD CHECK (service_version <> '2' OR function_name IS NULL)")
			require.NoError(t, err)
			inner := span(2, 1, id, withoutCode, func(c *storage.Call) { c.ServiceVersion = "2" })
			write(t, s, span(1, 0, id))
			require.Equal(t, storage.WriteResult{Written: 1}, write(t, s, inner))
			requireBill(t, conn, "1 "+price, "2 "+price)
		})
	}
}
