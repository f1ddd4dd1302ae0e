package peers

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/costkey/costkey-otel/samecall"
	"github.com/costkey/costkey-otel/storage/internal/calls"
)

const (
	// nearSiblings is how many of what stands beside a span are read on either side in time: as many as samecall compares.
	nearSiblings = 64
	// maxBetween bounds those that start between the first and the last span of one batch.
	maxBetween = 4096
	// maxInside bounds what is read of what is right inside one span.
	maxInside = 1024
	// maxWalk bounds what is read for one question.
	maxWalk = 50_000
	// clusterGap is how far apart the starts of neighbours may be that are asked for together.
	clusterGap = time.Minute
)

// direction says where a walk goes on from a span.
type direction uint8

const (
	outward direction = 1 << iota // to what is around it
	inward                        // to what is inside it
	nowhere                       // only what it stands for is asked
)

// walking is the walk through long traces.
type walking struct {
	*finding
	// open are the spans to be looked up next and the ways on which they were met; met are all so far.
	open, met map[calls.RowKey]direction
}

// walk reads what of long traces is around, inside and beside the seeds.
func (f *finding) walk(ctx context.Context, long map[calls.TraceKey]bool) error {
	w := &walking{finding: f, open: make(map[calls.RowKey]direction), met: make(map[calls.RowKey]direction)}
	var seeds []calls.Row
	for i := range f.seeds.Rows {
		if r := &f.seeds.Rows[i]; long[r.TraceKey()] {
			seeds = append(seeds, *r)
			w.meet(r.TraceKey(), r.SpanID, outward|inward)
			w.meet(r.TraceKey(), r.ParentSpanID, outward)
		}
	}
	for i := range f.seeds.Nodes {
		if n := &f.seeds.Nodes[i]; long[n.TraceKey] {
			w.meet(n.TraceKey, n.SpanID, outward|inward)
			w.meet(n.TraceKey, n.ParentSpanID, outward)
		}
	}
	if err := w.siblings(ctx, seeds); err != nil {
		return err
	}
	for range samecall.MaxDepth + 1 {
		if len(w.open) == 0 || len(f.found.Rows) > maxWalk {
			break
		}
		if err := w.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// meet notes a span to go on from, unless it was met on that way before.
func (w *walking) meet(k calls.TraceKey, span [8]byte, way direction) {
	if span == [8]byte{} {
		return
	}
	key := calls.RowKey{ProjectID: k.ProjectID, TraceID: k.TraceID, SpanID: span}
	if way &^= w.met[key]; way == 0 {
		return
	}
	w.met[key] |= way
	w.open[key] |= way
}

// step looks up the open spans, what is inside them where that is asked for, and the nodes among and beside them.
func (w *walking) step(ctx context.Context) error {
	open := w.open
	w.open = make(map[calls.RowKey]direction)
	all, inside := newSpans(open, outward|inward), newSpans(open, inward)
	around, err := w.readCalls(ctx, "calls_by_span", all.projects, all.traces, all.spans, w.first, w.last)
	if err != nil {
		return err
	}
	for i := range around {
		r := &around[i]
		w.meet(r.TraceKey(), r.ParentSpanID, outward)
		w.meet(r.TraceKey(), r.SpanID, outward|inward)
	}
	if len(inside.spans) > 0 {
		within, err := w.readCalls(ctx, "calls_by_parent", inside.projects, inside.traces, inside.spans, w.first, w.last, maxInside)
		if err != nil {
			return err
		}
		for i := range within {
			w.meet(within[i].TraceKey(), within[i].SpanID, inward)
		}
	}
	nodes, err := w.readNodes(ctx, "near_nodes", all.projects, all.traces, all.spans, all.true, all.inward, maxInside)
	if err != nil {
		return err
	}
	for i := range nodes {
		n := &nodes[i]
		w.meet(n.TraceKey, n.SpanID, outward|inward)
		w.meet(n.TraceKey, n.ParentSpanID, outward)
		w.meet(n.TraceKey, n.ReplacedBy, outward|inward)
	}
	return nil
}

// spans are spans, column by column.
type spans struct {
	projects     []int64
	traces       [][16]byte
	spans        []int64
	inward, true []bool
}

// newSpans returns the spans that were met on one of the ways, in order: two readers of one batch ask the same.
func newSpans(met map[calls.RowKey]direction, ways direction) spans {
	var s spans
	keys := make([]calls.RowKey, 0, len(met))
	for k, way := range met {
		if way&ways != 0 {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b calls.RowKey) int {
		return cmp.Or(slices.Compare(a.TraceID[:], b.TraceID[:]), slices.Compare(a.SpanID[:], b.SpanID[:]))
	})
	for _, k := range keys {
		s.projects, s.traces = append(s.projects, k.ProjectID), append(s.traces, k.TraceID)
		s.spans, s.true = append(s.spans, calls.SpanNumber(k.SpanID)), append(s.true, true)
		s.inward = append(s.inward, met[k]&inward != 0)
	}
	return s
}

// siblings reads what stands beside the seeds, the nearest in time.
func (w *walking) siblings(ctx context.Context, seeds []calls.Row) error {
	seeds = slices.DeleteFunc(slices.Clone(seeds), func(r calls.Row) bool { return r.ParentSpanID == [8]byte{} })
	if len(seeds) == 0 {
		return nil
	}
	slices.SortFunc(seeds, func(a, b calls.Row) int {
		return cmp.Or(cmp.Compare(a.ProjectID, b.ProjectID), slices.Compare(a.TraceID[:], b.TraceID[:]),
			slices.Compare(a.ParentSpanID[:], b.ParentSpanID[:]), cmp.Compare(a.StartMicros, b.StartMicros))
	})
	var c spans
	var first, last []time.Time
	for i := range seeds {
		r, start := &seeds[i], time.UnixMicro(seeds[i].StartMicros).UTC()
		if n := len(first) - 1; i > 0 && r.TraceKey() == seeds[i-1].TraceKey() && r.ParentSpanID == seeds[i-1].ParentSpanID &&
			start.Sub(last[n]) <= clusterGap {
			last[n] = start
			continue
		}
		c.projects, c.traces = append(c.projects, r.ProjectID), append(c.traces, r.TraceID)
		c.spans = append(c.spans, calls.SpanNumber(r.ParentSpanID))
		first, last = append(first, start), append(last, start)
	}
	_, err := w.readCalls(ctx, "siblings", c.projects, c.traces, c.spans, first, last, w.first, w.last, nearSiblings, maxBetween)
	return err
}

// replacedByFound reads the nodes for which the found calls stand, of traces that were not read whole: a call stands for one
// span of each observer, and what is not known to be taken would be given again.
func (f *finding) replacedByFound(ctx context.Context, whole []traceBounds) error {
	read := make(map[calls.TraceKey]bool, len(whole))
	for _, t := range whole {
		read[t.TraceKey] = true
	}
	asked := make(map[calls.RowKey]direction)
	for i := range f.found.Rows {
		if r := &f.found.Rows[i]; !read[r.TraceKey()] {
			asked[r.Key()] = nowhere
		}
	}
	if len(asked) == 0 {
		return nil
	}
	s := newSpans(asked, nowhere)
	_, err := f.readNodes(ctx, "near_nodes", s.projects, s.traces, s.spans, s.true, s.inward, maxInside)
	return err
}
