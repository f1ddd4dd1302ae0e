package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/costkey/costkey-otel/internal/seed"
	"github.com/costkey/costkey-otel/semconv"
	"github.com/costkey/costkey-otel/storage/storagetest"
)

// workload says in what the calls of a row differ from those at noon, which are as [seed] makes them: from 40 functions, one
// span each, none sent twice, a fifth without an id of the answer, to one collector.
type workload struct {
	name       string
	midnight   bool    // each batch lies on both sides of one UTC midnight
	resent     float64 // the share of the spans that is sent a second time, some batches later
	doubles    float64 // the share of calls that are seen by an SDK's own span too
	late       float64 // of those spans: the share that comes with the next batch
	collectors int     // stores that write at once; 0 means 1
	functions  int     // 0 means defaultFunctions
	identified bool    // every answer has an id, so that nothing need be remembered of a trace
}

const (
	defaultFunctions = 40
	manyFunctions    = 5000
)

// noon is what all others are quoted against.
var noon = workload{name: "noon"}

// workloads are the rows of BenchmarkExporter.
var workloads = []workload{
	noon,
	{name: "midnight", midnight: true},
	{name: "resends", resent: 0.01},
	{name: "doubles", doubles: 0.2},
	{name: "late-doubles", doubles: 0.2, late: 0.1},
	{name: "two-collectors", collectors: 2},
	{name: "5000-functions", functions: manyFunctions},
	{name: "identified", identified: true},
}

func (w workload) functionCount() int {
	if w.functions == 0 {
		return defaultFunctions
	}
	return w.functions
}

func (w workload) writers() int { return max(w.collectors, 1) }

const (
	// slot is the time in which the calls of one batch start, at noon.
	slot = time.Minute
	// aroundMidnight is the time before and after a midnight in which the calls of all batches start: less than the
	// deduplication window, so that calls on both sides may be one.
	aroundMidnight = 14 * time.Minute
	// resentAfter is how many batches later a span is sent again: mostly its first time is stored by then.
	resentAfter = benchConsumers
)

// load makes the batches of a workload, round by round.
type load struct {
	work  workload
	size  size
	noon  time.Time
	first int // number of the first call

	again []ptrace.Traces // of the last batches, to be sent once more
	late  ptrace.Traces   // of the last batch, held back
}

func newLoad(work workload, sz size, noon time.Time) *load {
	return &load{work: work, size: sz, noon: noon, first: sz.past + warmCalls, late: ptrace.NewTraces()}
}

// days are those that the batches touch.
func (l *load) days() []time.Time {
	today := l.noon.Truncate(day)
	if l.work.midnight {
		return []time.Time{today, today.Add(day)}
	}
	return []time.Time{today}
}

// windows are the times in which the calls of a batch start. Those of different batches don't overlap.
func (l *load) windows(batch int) []storagetest.Window {
	if !l.work.midnight {
		from := l.noon.Add(time.Duration(batch) * slot)
		return []storagetest.Window{{From: from, Until: from.Add(slot)}}
	}
	// The first batch is next to midnight, each further one around those before it. A stored start is cut to microseconds,
	// and must stay in its window.
	side := (aroundMidnight / time.Duration(l.size.rounds*l.size.batches)).Truncate(time.Millisecond)
	midnight, away := l.noon.Add(day/2), side*time.Duration(batch)
	return []storagetest.Window{
		{From: midnight.Add(-away - side), Until: midnight.Add(-away)},
		{From: midnight.Add(away), Until: midnight.Add(away + side)},
	}
}

// hull is the whole time in which calls start.
func (l *load) hull() storagetest.Window {
	last := l.windows(l.size.rounds*l.size.batches - 1)
	if l.work.midnight {
		return storagetest.Window{From: last[0].From, Until: last[1].Until}
	}
	return storagetest.Window{From: l.noon, Until: last[0].Until}
}

// roundWindows are the windows of each batch of a round.
func (l *load) roundWindows(round int) [][]storagetest.Window {
	out := make([][]storagetest.Window, l.size.batches)
	for part := range out {
		out[part] = l.windows(round*l.size.batches + part)
	}
	return out
}

// plain makes the calls of a batch, each once and in one span unless the workload doubles them.
func (l *load) plain(batch int) ptrace.Traces { return l.spans(batch, 0) }

func (l *load) spans(batch int, doubles float64) ptrace.Traces {
	td := ptrace.NewTraces()
	windows := l.windows(batch)
	for i, w := range windows {
		n := l.size.batch / len(windows)
		part := seed.Traces(seed.Options{
			Calls: n, First: l.first + batch*l.size.batch + i*n, From: w.From, Until: w.Until, Doubles: doubles, Functions: l.work.functionCount(),
		})
		part.ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
	}
	if l.work.identified {
		identify(td)
	}
	return td
}

// round makes the batches of a round, with what is sent again and what comes late. Rounds are made in their order.
func (l *load) round(tb testing.TB, round int) []ptrace.Traces {
	tb.Helper()
	out := make([]ptrace.Traces, l.size.batches)
	spread(tb, len(out), benchConnections, func(part int) error {
		out[part] = l.spans(round*l.size.batches+part, l.work.doubles)
		return nil
	})
	for _, td := range out {
		l.disturb(td)
	}
	return out
}

// disturb adds to a batch what was kept of those before it, and keeps some of it for those that follow.
func (l *load) disturb(td ptrace.Traces) {
	if l.work.resent > 0 {
		l.again = append(l.again, pick(td, "", int(l.work.resent*float64(l.size.batch)), false))
		if len(l.again) > resentAfter {
			l.again[0].ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
			l.again = l.again[1:]
		}
	}
	if l.work.late > 0 {
		before := l.late
		l.late = pick(td, seed.ScopeSDK, int(l.work.late*l.work.doubles*float64(l.size.batch)), true)
		before.ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
	}
}

// warmCalls is how many calls a database gets before anything is measured. They make the partitions, and start next to
// no call of a round.
const warmCalls = 300

// warm makes them. Their numbers are those before the load's.
func (l *load) warm() ptrace.Traces {
	td := ptrace.NewTraces()
	for i, d := range l.days() {
		from := l.noon.Add(-time.Hour)
		if i > 0 {
			from = d.Add(2 * aroundMidnight)
		}
		n := warmCalls / len(l.days())
		part := seed.Traces(seed.Options{Calls: n, First: l.size.past + i*n, From: from, Until: from.Add(slot)})
		part.ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
	}
	if l.work.identified {
		identify(td)
	}
	return td
}

// pick returns up to n spans of td of one scope, "" for any, the first ones, as one request of a service may hold them, and
// takes them out of td if they are to move.
func pick(td ptrace.Traces, scope string, n int, move bool) ptrace.Traces {
	out := ptrace.NewTraces()
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			if n == 0 || scope != "" && ss.Scope().Name() != scope {
				continue
			}
			to := out.ResourceSpans().AppendEmpty()
			rs.Resource().CopyTo(to.Resource())
			tos := to.ScopeSpans().AppendEmpty()
			tos.SetSchemaUrl(ss.SchemaUrl())
			ss.Scope().CopyTo(tos.Scope())
			ss.Spans().RemoveIf(func(span ptrace.Span) bool {
				if n == 0 {
					return false
				}
				n--
				span.CopyTo(tos.Spans().AppendEmpty())
				return move
			})
		}
	}
	return out
}

// identify gives each span that has no response id one of its own.
func identify(td ptrace.Traces) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				key := string(semconv.GenAIResponseIDKey)
				if _, ok := span.Attributes().Get(key); !ok {
					span.Attributes().PutStr(key, "resp-"+span.SpanID().String())
				}
			}
		}
	}
}

// spanIDs counts how often each span stands in the batches.
func spanIDs(batches []ptrace.Traces) map[pcommon.SpanID]int {
	out := make(map[pcommon.SpanID]int)
	for _, td := range batches {
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, span := range ss.Spans().All() {
					out[span.SpanID()]++
				}
			}
		}
	}
	return out
}

func smallLoad(work workload) *load {
	return newLoad(work, size{past: 100, days: 1, batch: 200, batches: 6, rounds: 3}, time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))
}

func TestResentSpansComeTwiceAndAllOthersOnce(t *testing.T) {
	t.Parallel()
	l := smallLoad(workload{resent: 0.01})
	ids := spanIDs(append(l.round(t, 0), l.round(t, 1)...))
	twice := 0
	for _, n := range ids {
		require.LessOrEqual(t, n, 2)
		twice += n - 1
	}
	assert.Len(t, ids, 2*6*200)
	assert.Equal(t, (2*6-resentAfter)*2, twice)
}

func TestLateDoublesLeaveTheirBatchAndComeWithTheNext(t *testing.T) {
	t.Parallel()
	together, late := smallLoad(workload{doubles: 0.2}), smallLoad(workload{doubles: 0.2, late: 0.1})
	want, got := together.round(t, 0), late.round(t, 0)
	assert.Equal(t, want[0].SpanCount()-4, got[0].SpanCount())
	assert.Equal(t, want[1].SpanCount(), got[1].SpanCount(), "as many came as went")
	assert.Equal(t, 4, late.late.SpanCount())
	for id, n := range spanIDs(got) {
		require.Equal(t, 1, n, id)
	}
}

func TestBatchesAtMidnightLieOnBothSidesAndOverlapNowhere(t *testing.T) {
	t.Parallel()
	l := smallLoad(workload{midnight: true})
	midnight := l.noon.Add(12 * time.Hour)
	var sum time.Duration
	for batch := range l.size.rounds * l.size.batches {
		windows := l.windows(batch)
		require.Len(t, windows, 2)
		require.False(t, windows[0].Until.After(midnight))
		require.False(t, windows[1].From.Before(midnight))
		for _, w := range windows {
			sum += w.Until.Sub(w.From)
			require.Equal(t, w.From.Truncate(time.Microsecond), w.From, "a start cut to microseconds leaves the window")
		}
	}
	assert.Equal(t, l.hull().Until.Sub(l.hull().From), sum)
	assert.Equal(t, 200, l.plain(0).SpanCount())
}
