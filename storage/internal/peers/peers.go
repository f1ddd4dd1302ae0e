package peers

import (
	"context"
	"embed"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/samecall"
	"github.com/costkey/costkey-otel/storage/internal/calls"
	"github.com/costkey/costkey-otel/storage/internal/database"
	"github.com/costkey/costkey-otel/storage/internal/dedup"
	"github.com/costkey/costkey-otel/storage/internal/rows"
)

//go:embed queries/*.sql
var queryFiles embed.FS

func query(name string) string { return rows.StoredSQL(database.Query(queryFiles, name)) }

// ShortTrace is how many rows and nodes a trace has at most that is read whole.
const ShortTrace = 256

// Seeds are the spans whose peers are asked for.
type Seeds struct {
	Rows  []calls.Row
	Nodes []calls.Node
	// Whole is up to which length a trace is read whole; 0 is [ShortTrace]. Rows without a span stand for their whole trace,
	// of which nothing is read where it is longer.
	Whole int
}

// Found are stored rows and nodes, each once.
type Found struct {
	Rows  []calls.Row
	Nodes []samecall.Node
}

// finding is one question.
type finding struct {
	tx    pgx.Tx
	seeds Seeds
	rows  map[storedKey]bool
	nodes map[calls.RowKey]calls.Node
	found Found
	// first and last bound the starts of what is looked for: what lets PostgreSQL leave out other partitions.
	first, last time.Time
}

// storedKey is a row's identity with its start: two rows of one span stand on two days where clocks went back.
type storedKey struct {
	calls.RowKey
	start int64
}

// Find reads the peers of seeds within tx, which sees one state of the database. Stored seeds are among what it finds; rows of
// one answer are, wherever they are in its day.
func Find(ctx context.Context, tx pgx.Tx, seeds Seeds) (Found, error) {
	f := &finding{tx: tx, seeds: seeds, rows: make(map[storedKey]bool), nodes: make(map[calls.RowKey]calls.Node)}
	traces := f.gather()
	if len(traces) == 0 {
		return f.found, nil
	}
	long, err := f.lengths(ctx, traces)
	if err != nil {
		return Found{}, err
	}
	short := make([]traceBounds, 0, len(traces))
	for _, t := range traces {
		if !long[t.TraceKey] {
			short = append(short, t)
		}
	}
	if err := f.wholeTraces(ctx, short); err != nil {
		return Found{}, err
	}
	if len(long) > 0 {
		if err := f.walk(ctx, long); err != nil {
			return Found{}, err
		}
	}
	if err := f.answers(ctx); err != nil {
		return Found{}, err
	}
	return f.found, f.replacedByFound(ctx, short)
}

// traceBounds is a trace of the seeds and in which time its spans are looked for.
type traceBounds struct {
	calls.TraceKey
	first, last int64 // Unix microseconds
}

// gather returns the traces of the seeds.
func (f *finding) gather() []traceBounds {
	var out []traceBounds
	at := make(map[calls.TraceKey]int)
	least, most := int64(math.MaxInt64), int64(math.MinInt64)
	window := dedup.Window.Microseconds()
	add := func(k calls.TraceKey, start int64) {
		least, most = min(least, start-window), max(most, start+window)
		i, ok := at[k]
		if !ok {
			at[k] = len(out)
			out = append(out, traceBounds{k, start - window, start + window})
			return
		}
		out[i].first, out[i].last = min(out[i].first, start-window), max(out[i].last, start+window)
	}
	for i := range f.seeds.Rows {
		add(f.seeds.Rows[i].TraceKey(), f.seeds.Rows[i].StartMicros)
	}
	for i := range f.seeds.Nodes {
		add(f.seeds.Nodes[i].TraceKey, f.seeds.Nodes[i].StartMicros)
	}
	f.first, f.last = time.UnixMicro(least).UTC(), time.UnixMicro(most).UTC()
	return out
}

// traceArrays are traces with their bounds, column by column.
func traceArrays(traces []traceBounds) (projects []int64, ids [][16]byte, first, last []time.Time) {
	for _, t := range traces {
		projects, ids = append(projects, t.ProjectID), append(ids, t.TraceID)
		first, last = append(first, time.UnixMicro(t.first).UTC()), append(last, time.UnixMicro(t.last).UTC())
	}
	return projects, ids, first, last
}

// lengths returns the traces that are long.
func (f *finding) lengths(ctx context.Context, traces []traceBounds) (map[calls.TraceKey]bool, error) {
	projects, ids, first, last := traceArrays(traces)
	whole := f.seeds.Whole
	if whole == 0 {
		whole = ShortTrace
	}
	found, err := f.tx.Query(ctx, query("trace_lengths"), projects, ids, first, last, whole+1, f.first, f.last)
	if err != nil {
		return nil, database.Describe("measure traces", err)
	}
	long := make(map[calls.TraceKey]bool)
	var k calls.TraceKey
	var n int
	_, err = pgx.ForEachRow(found, []any{&k.ProjectID, &k.TraceID, &n}, func() error {
		if n > whole {
			long[k] = true
		}
		return nil
	})
	return long, database.Describe("measure traces", err)
}

// wholeTraces reads all of traces.
func (f *finding) wholeTraces(ctx context.Context, traces []traceBounds) error {
	if len(traces) == 0 {
		return nil
	}
	projects, ids, first, last := traceArrays(traces)
	if _, err := f.readCalls(ctx, "trace_calls", projects, ids, first, last, f.first, f.last); err != nil {
		return err
	}
	_, err := f.readNodes(ctx, "trace_nodes", projects, ids)
	return err
}

// answers reads the rows that hold the hash of a seed's answer on its day, or on the next one where midnight is near.
func (f *finding) answers(ctx context.Context) error {
	const day = 24 * time.Hour
	var projects, hashes []int64
	var first, until []time.Time
	for i := range f.seeds.Rows {
		r := &f.seeds.Rows[i]
		if r.ResponseID == "" {
			continue
		}
		start := time.UnixMicro(r.StartMicros).UTC()
		projects, hashes = append(projects, r.ProjectID), append(hashes, r.ResponseHash)
		first = append(first, start.Add(-dedup.Window).Truncate(day))
		until = append(until, start.Add(dedup.Window).Truncate(day).Add(day))
	}
	if len(projects) == 0 {
		return nil
	}
	_, err := f.readCalls(ctx, "response_calls", projects, hashes, first, until, f.first.Truncate(day), f.last.Truncate(day).Add(day))
	return err
}

// readCalls reads stored rows, notes those that are new to the question, and returns all.
func (f *finding) readCalls(ctx context.Context, name string, args ...any) ([]calls.Row, error) {
	found, err := f.tx.Query(ctx, query(name), args...)
	if err != nil {
		return nil, database.Describe("look for related calls", err)
	}
	stored, err := pgx.CollectRows(found, rows.ScanStored)
	if err != nil {
		return nil, database.Describe("look for related calls", err)
	}
	for i := range stored {
		k := storedKey{stored[i].Key(), stored[i].StartMicros}
		if !f.rows[k] {
			f.rows[k] = true
			f.found.Rows = append(f.found.Rows, stored[i])
		}
	}
	return stored, nil
}

// readNodes reads nodes, notes those that are new to the question, and returns all.
func (f *finding) readNodes(ctx context.Context, name string, args ...any) ([]calls.Node, error) {
	found, err := f.tx.Query(ctx, query(name), args...)
	if err != nil {
		return nil, database.Describe("look for spans without a row", err)
	}
	var all []calls.Node
	var n calls.Node
	var span, parent int64
	var replacedBy, observer *int64
	var started *time.Time
	var project string
	_, err = pgx.ForEachRow(found, []any{&n.ProjectID, &n.TraceID, &span, &parent, &replacedBy, &observer, &started, &project}, func() error {
		n.SpanID, n.ParentSpanID, n.ReplacedBy, n.Observer = calls.SpanID(span), calls.SpanID(parent), [8]byte{}, 0
		l := samecall.Node{TraceID: n.TraceID, SpanID: n.SpanID, ParentSpanID: n.ParentSpanID}
		if replacedBy != nil && observer != nil && started != nil {
			n.ReplacedBy, n.Observer = calls.SpanID(*replacedBy), samecall.Observer(*observer)
			l.ReplacedBy, l.Observer, l.Project = n.ReplacedBy, n.Observer, project
			l.StartNanos = started.UnixMicro() * int64(time.Microsecond)
		}
		k := calls.RowKey{ProjectID: n.ProjectID, TraceID: n.TraceID, SpanID: n.SpanID}
		if _, known := f.nodes[k]; !known {
			f.nodes[k] = n
			f.found.Nodes = append(f.found.Nodes, l)
		}
		all = append(all, n)
		return nil
	})
	return all, database.Describe("look for spans without a row", err)
}

// ReadBodies gives stored rows their bodies, which are not read for judging.
func ReadBodies(ctx context.Context, tx pgx.Tx, stored []calls.Row) error {
	if len(stored) == 0 {
		return nil
	}
	keys := rows.NewKeys(stored)
	first, last := rows.Bounds(stored)
	found, err := tx.Query(ctx, query("bodies"), keys.Projects, keys.Traces, keys.Spans, first, last)
	if err != nil {
		return database.Describe("read bodies", err)
	}
	at := make(map[calls.RowKey]*calls.Call, len(stored))
	for i := range stored {
		at[stored[i].Key()] = stored[i].Call
	}
	var k calls.RowKey
	var span int64
	var request, response *string
	_, err = pgx.ForEachRow(found, []any{&k.ProjectID, &k.TraceID, &span, &request, &response}, func() error {
		k.SpanID = calls.SpanID(span)
		if c := at[k]; c != nil && request != nil {
			c.RequestBody = *request
		}
		if c := at[k]; c != nil && response != nil {
			c.ResponseBody = *response
		}
		return nil
	})
	return database.Describe("read bodies", err)
}
