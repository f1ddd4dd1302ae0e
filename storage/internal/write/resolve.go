package write

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/samecall"
	"github.com/costkey/costkey-otel/storage/internal/calls"
	"github.com/costkey/costkey-otel/storage/internal/database"
	"github.com/costkey/costkey-otel/storage/internal/dedup"
	"github.com/costkey/costkey-otel/storage/internal/peers"
	"github.com/costkey/costkey-otel/storage/internal/rows"
)

// Two spans of one call that both name its answer meet in a unique index. Where one of them does not, the writers look: each
// call that names no answer leaves its trace in costkey.pending_trace, in its own transaction, and every writer looks
// after its commit which traces of its batch are there. Of two writers at once the one that commits later sees both
// spans, whoever it is, and joins them. A collector that dies between its commit and its look sends the batch again; what
// is left undone even so is done when the deduplication window ends, by maintenance.

// changes is what a batch brings to the stored calls of its traces.
type changes struct {
	rows  []calls.Row // its spans, which may have lost their rows to others
	nodes []calls.Node
}

// resolveAfterCommit joins those of the written rows that are spans of one call with what other batches wrote before or at
// the same time, and those that nodes lead to. visit is the batch in the memory. What it finds is final: whoever commits
// later looks again by itself.
func (w *Writer) resolveAfterCommit(ctx context.Context, b *batch, visit *dedup.Visit, res *calls.WriteResult) error {
	near, nearNodes, err := w.inDoubt(ctx, b, visit)
	if err != nil || len(near)+len(b.nodes) == 0 {
		return err
	}
	pending, err := w.pendingProjects(ctx, b.rows, near, b.nodes)
	if err != nil || len(pending) == 0 {
		return err
	}
	ofRow, ofNode := func(r *calls.Row) int64 { return r.ProjectID }, func(n *calls.Node) int64 { return n.ProjectID }
	if err := w.keepNodes(ctx, ofProjects(pending, b.nodes, ofNode)); err != nil {
		return err
	}
	c := changes{rows: ofProjects(pending, near, ofRow), nodes: ofProjects(pending, nearNodes, ofNode)}
	seeds, err := w.shared(ctx, &c)
	w.pause(ctx, StepLooked)
	if err != nil || len(seeds.Rows)+len(seeds.Nodes) == 0 {
		return err
	}
	return w.resolve(ctx, seeds, &c, res)
}

// inDoubt returns those rows and nodes of a written batch for which the memory does not answer.
func (w *Writer) inDoubt(ctx context.Context, b *batch, visit *dedup.Visit) ([]calls.Row, []calls.Node, error) {
	var others time.Time
	if err := w.db.Pool().QueryRow(ctx, query("others_wrote"), w.presence.id, writersKept).Scan(&others); err != nil {
		return nil, nil, database.Describe("ask when others wrote", err)
	}
	near, nearNodes := w.memory.InDoubt(visit, b.rows, b.nodes, others, w.db.Now())
	return near, nearNodes, nil
}

// pendingProjects returns those projects of near and nodes that have pending traces: for most it is all there is to do. It
// does not ask for projects of which batch, the whole of it, makes traces pending.
func (w *Writer) pendingProjects(ctx context.Context, batch, near []calls.Row, nodes []calls.Node) ([]int64, error) {
	var own, open []int64
	note := func(list *[]int64, project int64) {
		if !slices.Contains(*list, project) {
			*list = append(*list, project)
		}
	}
	for i := range batch {
		if batch[i].Pending {
			note(&own, batch[i].ProjectID)
		}
	}
	for i := range near {
		note(&open, near[i].ProjectID)
	}
	for i := range nodes {
		note(&open, nodes[i].ProjectID)
	}
	open = slices.DeleteFunc(open, func(project int64) bool { return slices.Contains(own, project) })
	if len(open) == 0 {
		return own, nil
	}
	found, err := w.db.Pool().Query(ctx, query("pending_projects"), open)
	if err != nil {
		return nil, database.Describe("look for projects with pending traces", err)
	}
	others, err := pgx.CollectRows(found, pgx.RowTo[int64])
	if err != nil {
		return nil, database.Describe("look for projects with pending traces", err)
	}
	return append(own, others...), nil
}

// ofProjects returns those of items that are of one of the projects.
func ofProjects[T any](projects []int64, items []T, project func(*T) int64) []T {
	var out []T
	for i := range items {
		if slices.Contains(projects, project(&items[i])) {
			out = append(out, items[i])
		}
	}
	return out
}

// shared returns those of c in whose traces other batches have spans too, or whose own spans are one call.
func (w *Writer) shared(ctx context.Context, c *changes) (peers.Seeds, error) {
	if len(c.rows)+len(c.nodes) == 0 {
		return peers.Seeds{}, nil
	}
	own := gatherTraces(c)
	judge, err := w.sharedTraces(ctx, c, own)
	if err != nil {
		return peers.Seeds{}, err
	}
	own.markDoubles(c, judge)
	seeds := peers.Seeds{Whole: w.testing.ShortTrace}
	for i := range c.rows {
		if judge[c.rows[i].TraceKey()] {
			seeds.Rows = append(seeds.Rows, c.rows[i])
		}
	}
	for i := range c.nodes {
		if judge[c.nodes[i].TraceKey] {
			seeds.Nodes = append(seeds.Nodes, c.nodes[i])
		}
	}
	return seeds, nil
}

// sharedTraces asks which of the traces hold more than the batch.
func (w *Writer) sharedTraces(ctx context.Context, c *changes, own *ownTraces) (map[calls.TraceKey]bool, error) {
	starts := slices.Clone(c.rows)
	for i := range c.nodes {
		starts = append(starts, calls.Row{Call: &calls.Call{StartMicros: c.nodes[i].StartMicros}})
	}
	first, last := rows.Bounds(starts)
	judge := make(map[calls.TraceKey]bool)
	err := w.db.Lookup(ctx, func(tx pgx.Tx) error {
		found, err := tx.Query(ctx, query("shared_traces"), own.projects, own.traces, own.spans, own.mixes, own.nodes, own.pending,
			first.Add(-dedup.Window), last.Add(dedup.Window))
		if err != nil {
			return err
		}
		var k calls.TraceKey
		_, err = pgx.ForEachRow(found, []any{&k.ProjectID, &k.TraceID}, func() error {
			judge[k] = true
			return nil
		})
		return err
	})
	return judge, database.Describe("look for spans of the same traces", err)
}

// ownTraces are the traces of one batch and what it has in each, column by column.
type ownTraces struct {
	at           map[calls.TraceKey]int
	projects     []int64
	traces       [][16]byte
	spans, nodes []int64
	mixes        []int64 // the XOR of the spans' ids: with their number it tells whether others are there
	pending      []bool
}

func gatherTraces(c *changes) *ownTraces {
	t := &ownTraces{at: make(map[calls.TraceKey]int, len(c.rows))}
	for i := range c.rows {
		r := &c.rows[i]
		at := t.add(r.TraceKey())
		t.spans[at]++
		t.mixes[at] ^= calls.SpanNumber(r.SpanID)
		t.pending[at] = t.pending[at] || r.Pending
	}
	told := make(map[calls.RowKey]struct{}, len(c.nodes)) // a batch may tell a span twice
	for i := range c.nodes {
		n := &c.nodes[i]
		k := calls.RowKey{ProjectID: n.ProjectID, TraceID: n.TraceID, SpanID: n.SpanID}
		if _, twice := told[k]; !twice {
			told[k] = struct{}{}
			t.nodes[t.add(n.TraceKey)]++
		}
	}
	return t
}

// add returns the place of a trace.
func (t *ownTraces) add(k calls.TraceKey) int {
	if at, ok := t.at[k]; ok {
		return at
	}
	at := len(t.traces)
	t.at[k] = at
	t.projects, t.traces, t.pending = append(t.projects, k.ProjectID), append(t.traces, k.TraceID), append(t.pending, false)
	t.spans, t.nodes, t.mixes = append(t.spans, 0), append(t.nodes, 0), append(t.mixes, 0)
	return at
}

// markDoubles sets judge for those traces in which spans of the batch itself are one call, by way of nodes too.
func (t *ownTraces) markDoubles(c *changes, judge map[calls.TraceKey]bool) {
	var d doubles
	for rest := c.rows; len(rest) > 0; {
		n, at := calls.SameTrace(rest), t.at[rest[0].TraceKey()]
		split := int64(n) < t.spans[at] // by a midnight
		if t.pending[at] && t.spans[at] > 1 && !judge[rest[0].TraceKey()] &&
			(split || t.nodes[at] > 0 || dedup.Related(rest[:n])) {
			for i := range n {
				d.rows = append(d.rows, &rest[i])
			}
		}
		rest = rest[n:]
	}
	if len(d.rows) == 0 {
		return
	}
	between := make([]samecall.Node, len(c.nodes))
	for i := range c.nodes {
		n := &c.nodes[i]
		between[i] = samecall.Node{TraceID: n.TraceID, SpanID: n.SpanID, ParentSpanID: n.ParentSpanID}
	}
	samecall.Resolve(&d, len(d.rows), 0, between...)
	for _, i := range d.dropped {
		judge[d.rows[i].TraceKey()] = true
	}
}

// doubles is a [samecall.Calls] that only notes which rows would go.
type doubles struct {
	rows    []*calls.Row
	dropped []int
}

// Facts implements [samecall.Calls].
func (d *doubles) Facts(i int) samecall.Facts { return d.rows[i].Facts() }

// Merge implements [samecall.Calls].
func (d *doubles) Merge(int, int, samecall.MergeFields) {}

// Drop implements [samecall.Calls].
func (d *doubles) Drop(i int) { d.dropped = append(d.dropped, i) }

// resolve judges the stored peers of seeds: those that c changed with all others; all of them where c is nil. Where spans
// lose their rows to others it looks once more at all: who looked before that was stored could not know.
func (w *Writer) resolve(ctx context.Context, seeds peers.Seeds, c *changes, res *calls.WriteResult) error {
	for races := 0; ; {
		plan, err := w.resolveOnce(ctx, seeds, c, res)
		switch {
		case database.IsRaced(err):
			if races++; races == maxRaces {
				return err
			}
		case err != nil || plan.Joined <= 0:
			return err
		default:
			c = nil
			for _, touched := range [...][]calls.Row{plan.Remove, plan.Insert} {
				seeds.Rows = append(seeds.Rows[:len(seeds.Rows):len(seeds.Rows)], touched...)
			}
		}
	}
}

// resolveOnce returns what it did.
func (w *Writer) resolveOnce(ctx context.Context, seeds peers.Seeds, c *changes, res *calls.WriteResult) (dedup.Plan, error) {
	id, epoch, err := w.db.Current(ctx)
	if err != nil {
		return dedup.Plan{}, err
	}
	var plan dedup.Plan
	err = w.db.Snapshot(ctx, func(tx pgx.Tx) error {
		judge := func(found peers.Found) (dedup.Plan, bool) {
			isChanged := func(*calls.Row) bool { return true }
			if c != nil {
				isChanged = c.among(found.Rows)
			}
			return dedup.Rejoin(found.Rows, isChanged, found.Nodes, w.hasher(id.HashKey)), true
		}
		plan, err = w.judge(ctx, tx, seeds, judge)
		return err
	})
	w.pause(ctx, StepJudged)
	if err != nil || len(plan.Remove) == 0 {
		return dedup.Plan{}, err
	}
	// A row that came of joining and can't be stored changes nothing: what it would replace must not be lost.
	_, refused, err := w.interner.Intern(ctx, plan.Insert)
	if err != nil || len(refused) > 0 {
		return dedup.Plan{}, err
	}
	if err := w.apply(ctx, &plan, nil, epoch, res); err != nil {
		return dedup.Plan{}, err
	}
	res.Joined += plan.Joined
	return plan, nil
}

// among returns what of stored is changed. Where the batch has a node, or a span that lost its row, all of the trace is:
// more is known of which span is inside which than when others looked.
func (c *changes) among(stored []calls.Row) func(*calls.Row) bool {
	own, traces := make(map[calls.RowKey]bool, len(c.rows)), make(map[calls.TraceKey]bool, len(c.nodes))
	for i := range stored {
		own[stored[i].Key()] = false
	}
	for i := range c.rows {
		r := &c.rows[i]
		if _, ok := own[r.Key()]; ok {
			own[r.Key()] = true
		} else {
			traces[r.TraceKey()] = true
		}
	}
	for i := range c.nodes {
		traces[c.nodes[i].TraceKey] = true
	}
	return func(r *calls.Row) bool { return own[r.Key()] || traces[r.TraceKey()] }
}
