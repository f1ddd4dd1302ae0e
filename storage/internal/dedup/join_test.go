package dedup

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/samecall"
	"github.com/costkey/costkey-otel/storage/internal/calls"
	"github.com/costkey/costkey-otel/usage"
)

// ledger is the rows of one trace as a Store keeps them, without the database.
type ledger struct {
	rows  []calls.Row
	links []samecall.Node
}

// write is WriteCalls: what a writer does before and after its commit, one after the other.
func (l *ledger) write(cs []calls.Call) {
	var fresh []calls.Row
	own := make(map[calls.RowKey]bool)
	for _, c := range cs {
		r := calls.Row{Call: &c, ProjectID: 1}
		own[r.Key()] = true
		if !slices.ContainsFunc(l.rows, func(o calls.Row) bool { return o.Key() == r.Key() }) {
			fresh = append(fresh, r)
		}
	}
	plan, _ := Join(slices.Clone(l.rows), fresh, l.links, calls.NewHasher([16]byte{}))
	l.apply(plan)
	l.apply(Rejoin(slices.Clone(l.rows), func(r *calls.Row) bool { return own[r.Key()] }, l.links, calls.NewHasher([16]byte{})))
}

func (l *ledger) apply(p Plan) {
	gone := make(map[calls.RowKey]bool)
	for i := range p.Remove {
		gone[p.Remove[i].Key()] = true
	}
	l.rows = append(slices.DeleteFunc(l.rows, func(r calls.Row) bool { return gone[r.Key()] }), p.Insert...)
	for _, k := range p.Nodes {
		link := samecall.Node{TraceID: k.TraceID, SpanID: k.SpanID, ParentSpanID: k.ParentSpanID}
		if k.ReplacedBy != [8]byte{} {
			link.Project, link.ReplacedBy, link.Observer, link.StartNanos = "default", k.ReplacedBy, k.Observer, k.StartMicros*1000
		}
		l.links = append(l.links, link)
	}
}

// bill is the number of calls and what they come to.
func (l *ledger) bill() string {
	var cost pricing.Money
	for i := range l.rows {
		if l.rows[i].CostKnown {
			cost = cost.Add(l.rows[i].CostUSD)
		}
	}
	return fmt.Sprintf("%d calls, %s", len(l.rows), cost)
}

// drawViews draws one or two calls of one trace, each told by up to three scopes, beside or inside each other, with or
// without counts and the answer's id; at least one knows the counts. A view without an answer is inside another one, since
// beside it may be taken for one of the other call.
func drawViews(t *rapid.T) []calls.Call {
	var out []calls.Call
	gap := rapid.SampledFrom([]int64{20_000, 1_000_000}).Draw(t, "gap")
	for n := range rapid.IntRange(1, 2).Draw(t, "calls") {
		tokens := rapid.SampledFrom([]int64{10, int64(10 * (n + 1))}).Draw(t, "tokens")
		scopes := rapid.Permutation([]string{"a", "b", "c"}).Draw(t, "scopes")
		first := len(out)
		for v := range rapid.IntRange(1, 3).Draw(t, "views") {
			c := calls.Call{
				Project: "default", TraceID: [16]byte{1}, SpanID: [8]byte{byte(len(out) + 1)}, ParentSpanID: [8]byte{9},
				StartMicros: 1_000_000 + int64(n)*gap + int64(v)*5_000, DurationMicros: 500_000 - int64(v)*10_000,
				FirstTokenMicros: calls.Unknown, ServiceName: "shop", ScopeName: scopes[v], Client: true, RequestModel: "gpt-4o",
				CostStatus: calls.StatusNoUsage,
			}
			inside := v > 0 && rapid.Bool().Draw(t, "inside")
			if inside {
				c.ParentSpanID = out[len(out)-1].SpanID
			}
			if !inside || rapid.Bool().Draw(t, "counts") {
				c.Usage = usage.Usage{Input: usage.Known(tokens), Output: usage.Known(1)}
				c.CostUSD, c.CostKnown, c.CostStatus = pricing.MoneyFromParts(0, uint64(tokens)), true, "priced"
				if rapid.Bool().Draw(t, "id") {
					c.ResponseID = fmt.Sprint("chatcmpl-", first)
				}
			}
			out = append(out, c)
		}
	}
	return out
}

// TestTheSplitIntoBatchesChangesNoSum holds any split of any order, with batches sent again, against all spans at once.
func TestTheSplitIntoBatchesChangesNoSum(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		views := drawViews(t)
		var atOnce ledger
		atOnce.write(views)

		var split ledger
		var batches [][]calls.Call
		var told []string
		for rest := rapid.Permutation(views).Draw(t, "order"); len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "batch")
			batches = append(batches, rest[:n])
			rest = rest[n:]
			next := [][]calls.Call{batches[len(batches)-1]}
			if rapid.Bool().Draw(t, "again") {
				next = append(next, rapid.SampledFrom(batches).Draw(t, "which"))
			}
			for _, b := range next {
				split.write(b)
				for i := range b {
					told = append(told, fmt.Sprint(b[i].SpanID[0]))
				}
				told = append(told, "|")
			}
		}
		if got, want := split.bill(), atOnce.bill(); got != want {
			t.Fatalf("spans that came as %s are %s, all at once %s", strings.Join(told, " "), got, want)
		}
	})
}
