package storage

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/samecall"
)

// Two spans of one call that both have the answer's id meet in a unique index. Where one of them has none the writers
// look: each call without such an id leaves its trace in costkey.suspect, in its own transaction, and every writer looks
// after its commit which traces of its batch are there. Of two writers at once the one that commits later sees both
// spans, whoever it is, and joins them. A collector that dies between its commit and its look sends the batch again; what
// is left undone even so is done when the settle window ends, by maintenance.

// traceKey names a trace in a project.
type traceKey struct {
	project int32
	trace   [16]byte
}

func (r *row) traceKey() traceKey { return traceKey{r.project, r.TraceID} }

var suspectColumns = []string{"started_at", "trace_id", "project_id"}

// insertSuspects notes the traces of those rows that have no id of an answer. Rows of one trace stand together.
func insertSuspects(ctx context.Context, tx pgx.Tx, rows []row, buf *copyBuffer) error {
	b, last := buf.begin(), (*row)(nil)
	for i := range rows {
		r := &rows[i]
		if samecall.NamesAnswer(r.ResponseID) || last != nil && last.traceKey() == r.traceKey() {
			continue
		}
		last = r
		b = b.row(len(suspectColumns)).timestamp(r.StartMicros).uuid(r.TraceID).int4(r.project)
	}
	*buf = b
	if last == nil {
		return nil
	}
	*buf = b.end()
	if err := copyIn(ctx, tx, "suspect", suspectColumns, *buf); err != nil {
		return describe("copy traces to look at", err)
	}
	return nil
}

// lookAgain joins those of the written rows that are spans of one call with what other batches wrote before or at the
// same time, and those that links lead to. seen is the batch in the memory. What it finds is final: whoever commits later looks again by itself.
func (s *Store) lookAgain(ctx context.Context, rows []row, links []link, seen *visit, res *WriteResult) error {
	near, nearLinks, err := s.doubtful(ctx, rows, links, seen)
	if err != nil || len(near)+len(links) == 0 {
		return err
	}
	suspects, err := s.suspects(ctx, rows, near, links)
	if err != nil || len(suspects) == 0 {
		return err
	}
	ofRow, ofLink := func(r *row) int32 { return r.project }, func(l *link) int32 { return l.project }
	if err := s.keepLinks(ctx, ofProjects(suspects, links, ofLink)); err != nil {
		return err
	}
	news := news{rows: ofProjects(suspects, near, ofRow), links: ofProjects(suspects, nearLinks, ofLink)}
	company, err := s.company(ctx, news.rows, news.links)
	if err != nil || len(company) == 0 {
		return err
	}
	return s.settleStored(ctx, company, &news, res)
}

// news is what a batch brings to the stored calls of its traces.
type news struct {
	rows  []row // its spans, which may have lost their rows to others
	links []link
}

// among returns what of stored is news. Where the batch has a link, or a span that lost its row, all of the trace is: more
// is known of which span is inside which than when others looked.
func (n *news) among(stored []row) func(*row) bool {
	own, traces := make(map[rowKey]bool, len(n.rows)), make(map[traceKey]bool, len(n.links))
	for i := range stored {
		own[stored[i].key()] = false
	}
	for i := range n.rows {
		r := &n.rows[i]
		if _, ok := own[r.key()]; ok {
			own[r.key()] = true
		} else {
			traces[r.traceKey()] = true
		}
	}
	for i := range n.links {
		traces[n.links[i].traceKey] = true
	}
	return func(r *row) bool { return own[r.key()] || traces[r.traceKey()] }
}

// suspects returns those projects of near and links that stored a call without an id within the settle window: for most it
// is all there is to do. It is not asked for projects that have such a call among rows, the whole batch.
func (s *Store) suspects(ctx context.Context, rows, near []row, links []link) ([]int32, error) {
	var own, open []int32
	note := func(list *[]int32, project int32) {
		if !slices.Contains(*list, project) {
			*list = append(*list, project)
		}
	}
	for i := range rows {
		if !samecall.NamesAnswer(rows[i].ResponseID) {
			note(&own, rows[i].project)
		}
	}
	for i := range near {
		note(&open, near[i].project)
	}
	for i := range links {
		note(&open, links[i].project)
	}
	open = slices.DeleteFunc(open, func(project int32) bool { return slices.Contains(own, project) })
	if len(open) == 0 {
		return own, nil
	}
	found, err := s.pool.Query(ctx, query("has_suspects"), open)
	if err != nil {
		return nil, describe("look for projects to settle", err)
	}
	others, err := pgx.CollectRows(found, pgx.RowTo[int32])
	if err != nil {
		return nil, describe("look for projects to settle", err)
	}
	return append(own, others...), nil
}

// ofProjects returns those of items that are of one of the projects.
func ofProjects[T any](projects []int32, items []T, project func(*T) int32) []T {
	var out []T
	for i := range items {
		if slices.Contains(projects, project(&items[i])) {
			out = append(out, items[i])
		}
	}
	return out
}

// company returns what rows and links have in traces that must be judged again: some call there has no id, and what other
// batches wrote may change what is known of it. A link is returned as a row that holds no more than trace and start.
func (s *Store) company(ctx context.Context, rows []row, links []link) ([]row, error) {
	if len(rows)+len(links) == 0 {
		return nil, nil
	}
	places := make([]row, 0, len(links))
	for i := range links {
		l := &links[i]
		places = append(places, row{Call: &Call{TraceID: l.trace, StartMicros: l.startMicros}, project: l.project})
	}
	own := gatherTraces(rows, links)
	first, last := startBounds(rows, places)
	found, err := s.pool.Query(ctx, query("find_company"), own.projects, own.traces, own.spans, own.mixes, own.links, own.marked,
		first.Add(-settleWindow), last.Add(settleWindow))
	if err != nil {
		return nil, describe("look for spans of the same traces", err)
	}
	judge := make(map[traceKey]bool)
	var k traceKey
	_, err = pgx.ForEachRow(found, []any{&k.project, &k.trace}, func() error {
		judge[k] = true
		return nil
	})
	if err != nil {
		return nil, describe("look for spans of the same traces", err)
	}
	own.markDoubles(rows, links, judge)
	if len(judge) == 0 {
		return nil, nil
	}
	var near []row
	for _, some := range [...][]row{rows, places} {
		for i := range some {
			if judge[some[i].traceKey()] {
				near = append(near, some[i])
			}
		}
	}
	return near, nil
}

// ownTraces are the traces of one batch and what it has in each, column by column.
type ownTraces struct {
	at           map[traceKey]int
	projects     []int32
	traces       [][16]byte
	spans, links []int64
	mixes        []int64 // the XOR of the spans' ids: with their number it tells whether others are there
	marked       []bool  // some call has no id of an answer
}

func gatherTraces(rows []row, links []link) *ownTraces {
	t := &ownTraces{at: make(map[traceKey]int, len(rows))}
	for rest := rows; len(rest) > 0; {
		n, at := sameTrace(rest), t.add(rest[0].traceKey())
		t.spans[at] += int64(n)
		t.marked[at] = t.marked[at] || marked(rest[:n])
		for i := range n {
			t.mixes[at] ^= spanNumber(rest[i].SpanID)
		}
		rest = rest[n:]
	}
	for i := range links {
		t.links[t.add(links[i].traceKey)]++
	}
	return t
}

// add returns the place of a trace.
func (t *ownTraces) add(k traceKey) int {
	if at, ok := t.at[k]; ok {
		return at
	}
	at := len(t.traces)
	t.at[k] = at
	t.projects, t.traces, t.marked = append(t.projects, k.project), append(t.traces, k.trace), append(t.marked, false)
	t.spans, t.links, t.mixes = append(t.spans, 0), append(t.links, 0), append(t.mixes, 0)
	return at
}

// markDoubles sets judge for those traces in which spans of rows themselves are one call, by way of links too.
func (t *ownTraces) markDoubles(rows []row, links []link, judge map[traceKey]bool) {
	var d doubles
	for rest := rows; len(rest) > 0; {
		n, at := sameTrace(rest), t.at[rest[0].traceKey()]
		split := int64(n) < t.spans[at] // by a midnight
		if t.marked[at] && t.spans[at] > 1 && (split || t.links[at] > 0 || related(rest[:n])) {
			for i := range n {
				d.rows = append(d.rows, &rest[i])
			}
		}
		rest = rest[n:]
	}
	if len(d.rows) == 0 {
		return
	}
	between := make([]samecall.Node, len(links))
	for i := range links {
		l := &links[i]
		between[i] = samecall.Node{TraceID: l.trace, SpanID: l.span, ParentSpanID: l.parentSpan}
	}
	samecall.Resolve(&d, len(d.rows), 0, between...)
	for _, i := range d.dropped {
		judge[d.rows[i].traceKey()] = true
	}
}

// sameTrace returns how many rows stand together at the beginning that are of one trace.
func sameTrace(rows []row) int {
	n := 1
	for n < len(rows) && rows[n].traceKey() == rows[0].traceKey() {
		n++
	}
	return n
}

// related reports whether any two rows of a trace may be one call by what they have in common: one is right inside the
// other, or they have one parent or one id of an answer. Without links there is no other way.
func related(rows []row) bool {
	const few = 16 // more are compared by the settlement, which does not take their square
	if len(rows) > few {
		return true
	}
	for i := range rows {
		a := &rows[i]
		for j := range i {
			b := &rows[j]
			if a.ParentSpanID == b.SpanID || b.ParentSpanID == a.SpanID ||
				a.ParentSpanID == b.ParentSpanID && a.ParentSpanID != [8]byte{} ||
				a.ResponseID == b.ResponseID && a.ResponseID != "" {
				return true
			}
		}
	}
	return false
}

// doubles is a [samecall.Calls] that only notes which rows would go.
type doubles struct {
	rows    []*row
	dropped []int
}

// Facts implements [samecall.Calls].
func (d *doubles) Facts(i int) samecall.Facts { return d.rows[i].facts() }

// Fill implements [samecall.Calls].
func (d *doubles) Fill(int, int, samecall.MergeFields) {}

// Drop implements [samecall.Calls].
func (d *doubles) Drop(i int) { d.dropped = append(d.dropped, i) }

// settleStored judges the stored calls of the traces of rows, those that are news with all others; all of them where news is
// nil. Where spans lose their rows to others it looks once more at all: who looked before that was stored could not know.
func (s *Store) settleStored(ctx context.Context, rows []row, n *news, res *WriteResult) error {
	for races := 0; ; {
		fewer, err := s.settleOnce(ctx, rows, n, res)
		switch {
		case isUniqueViolation(err) || isRaced(err) || isDeadlock(err):
			if races++; races == maxRaces {
				return err
			}
		case err != nil || !fewer:
			return err
		default:
			n = nil
		}
	}
}

// settleOnce reports whether there are fewer rows than before.
func (s *Store) settleOnce(ctx context.Context, rows []row, n *news, res *WriteResult) (fewer bool, err error) {
	stored, err := s.relatives(ctx, rows)
	if err != nil {
		return false, err
	}
	links, err := s.findLinks(ctx, rows)
	if err != nil {
		return false, err
	}
	isNews := func(*row) bool { return true }
	if n != nil {
		isNews = n.among(stored)
	}
	plan := rejoin(stored, isNews, links)
	if len(plan.remove) == 0 {
		return false, nil
	}
	// A row that came of joining and can't be stored changes nothing: what it would replace must not be lost.
	if whole, err := s.number(ctx, &plan); err != nil || !whole {
		return false, err
	}
	if err := s.apply(ctx, &plan, res); err != nil {
		return false, err
	}
	res.Joined += plan.settled
	return plan.settled > 0, nil
}

// expiredAtOnce is how many calls one step of maintenance looks at.
const expiredAtOnce = 5000

// forgetSettled ends the settle window of what is older: it looks a last time and forgets. It returns how many rows went.
func (s *Store) forgetSettled(ctx context.Context) (int, error) {
	var res WriteResult
	for {
		old, err := s.expiredSuspects(ctx)
		if err != nil {
			return res.Joined, err
		}
		if len(old.rows) == 0 {
			break
		}
		if len(old.shared) > 0 {
			if err := s.settleStored(ctx, old.shared, nil, &res); err != nil {
				return res.Joined, err
			}
		}
		keys := newKeyArrays(old.rows)
		if _, err := s.pool.Exec(ctx, query("delete_suspects"), old.latest, keys.projects, keys.traces); err != nil {
			return res.Joined, describe("forget settled calls", err)
		}
	}
	_, err := s.pool.Exec(ctx, query("delete_links"), settleWindow)
	if err == nil {
		_, err = s.pool.Exec(ctx, query("delete_writers"), writersKept)
	}
	if err != nil {
		return res.Joined, describe("forget settled calls", err)
	}
	return res.Joined, nil
}

// expired are traces whose settle window is over, as rows that hold no more than the trace and the start.
type expired struct {
	rows, shared []row     // all of them, and those with several calls
	latest       time.Time // when the last of them was written
}

func (s *Store) expiredSuspects(ctx context.Context) (expired, error) {
	var out expired
	found, err := s.pool.Query(ctx, query("expired_suspects"), settleWindow, expiredAtOnce)
	if err != nil {
		return out, describe("look for calls to settle a last time", err)
	}
	var started time.Time
	var k traceKey
	var shared bool
	_, err = pgx.ForEachRow(found, []any{&started, &out.latest, &k.trace, &k.project, &shared}, func() error {
		r := row{Call: &Call{TraceID: k.trace, StartMicros: started.UnixMicro()}, project: k.project}
		out.rows = append(out.rows, r)
		if shared {
			out.shared = append(out.shared, r)
		}
		return nil
	})
	if err != nil {
		return out, describe("look for calls to settle a last time", err)
	}
	return out, nil
}
