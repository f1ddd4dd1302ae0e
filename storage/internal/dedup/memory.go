package dedup

import (
	"encoding/binary"
	"sync"
	"time"

	"github.com/costkey/costkey-otel/storage/internal/calls"
)

// Window is how far apart in time two spans of one call may arrive or lie: see docs/deduplication.md.
const Window = 15 * time.Minute

// ClockSkew is how far apart the clocks of applications, collectors and the database may be, and how long a span may have
// ended before its writer said that it writes.
const ClockSkew = 5 * time.Minute

// maxTraces bounds one generation of the memory: some 30 MB.
const maxTraces = 1 << 20

// Memory remembers which traces the batches of one writer wrote to lately. What was stored since other writers fell silent
// is in it, so that a batch asks the database about those of its traces only that another batch wrote to as well. Of two
// batches at once, of one writer or of two, the one that commits later finds the other: a batch is in the memory, and
// its writer in the database, before anything is written, and looks after its commit. It is safe for concurrent use.
type Memory struct {
	mu      sync.Mutex
	batches uint32
	// generations are the traces by the time of their last write, the newest first. Each takes a window, so that the
	// memory reaches back twice as far at least.
	generations [3]generation
	// since is when another writer, or a forgotten generation of this one, may have written last.
	since time.Time
}

type generation struct {
	began  time.Time
	traces map[uint64]touch
}

// touch is what is remembered of a trace.
type touch struct {
	batch   uint32 // that wrote to it last
	again   bool   // the batch did so in several places: before and after a midnight, or with a node
	pending bool   // some span in it names no answer
}

// Visit is one batch in the memory: the traces of its rows, then of its nodes, each in their order.
type Visit struct{ traces []seenTrace }

type seenTrace struct {
	hash uint64
	met  bool // another batch wrote to it before
	touch
}

// hashOf is a trace in the memory. Two with one hash are looked at in vain now and then.
func hashOf(k calls.TraceKey) uint64 {
	return binary.BigEndian.Uint64(k.TraceID[8:]) ^ uint64(k.ProjectID)<<32
}

// Enter notes a batch before it is written. Rows of one trace stand together.
func (m *Memory) Enter(rows []calls.Row, nodes []calls.Node, now time.Time) *Visit {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turn(now)
	m.batches++
	v := &Visit{traces: make([]seenTrace, 0, len(rows)+len(nodes))}
	for rest := rows; len(rest) > 0; {
		n := calls.SameTrace(rest)
		v.traces = append(v.traces, m.touch(rest[0].TraceKey(), m.batches, rest[0].Pending))
		rest = rest[n:]
	}
	for i := range nodes {
		v.traces = append(v.traces, m.touch(nodes[i].TraceKey, m.batches, false))
	}
	return v
}

// MarkMet sets Met for those rows of a batch to whose traces other batches wrote, or others may have. What other writers did
// lately it learns from [Memory.InDoubt] only: a row that it leaves out may be stored all the same.
func (m *Memory) MarkMet(v *Visit, rows []calls.Row, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	known := m.knownAt(now)
	at := 0
	for rest := rows; len(rest) > 0; at++ {
		n := calls.SameTrace(rest)
		for i := range rest[:n] {
			rest[i].Met = v.traces[at].met || !known(rest[i].StartMicros)
		}
		rest = rest[n:]
	}
}

// knownAt returns whether the memory would know what else was stored of a trace with a call that starts then.
func (m *Memory) knownAt(now time.Time) func(start int64) bool {
	first, last := m.since.Add(Window+ClockSkew).UnixMicro(), now.Add(ClockSkew).UnixMicro()
	return func(start int64) bool { return first <= start && start <= last }
}

// turn begins a new generation where the newest is old or full.
func (m *Memory) turn(now time.Time) {
	newest := &m.generations[0]
	if newest.traces != nil && now.Sub(newest.began) < Window && len(newest.traces) < maxTraces {
		return
	}
	const last = len(m.generations) - 1
	if m.generations[last].traces != nil { // is forgotten
		m.since = later(m.since, m.generations[last-1].began)
	}
	copy(m.generations[1:], m.generations[:])
	m.generations[0] = generation{began: now, traces: make(map[uint64]touch)}
}

func (m *Memory) touch(k calls.TraceKey, batch uint32, pending bool) seenTrace {
	seen := seenTrace{hash: hashOf(k), touch: touch{batch: batch, pending: pending}}
	for i := range m.generations {
		before, ok := m.generations[i].traces[seen.hash]
		seen.met = seen.met || ok && before.batch != batch
		seen.again = seen.again || ok && before.batch == batch
		seen.pending = seen.pending || before.pending
	}
	m.generations[0].traces[seen.hash] = seen.touch
	return seen
}

// InDoubt returns those rows and nodes of a written batch for which the memory does not answer, and those in whose traces
// there is more, if some span there names no answer. others is when all other writers wrote last.
func (m *Memory) InDoubt(v *Visit, rows []calls.Row, nodes []calls.Node, others, now time.Time) (near []calls.Row, nearNodes []calls.Node) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.since = later(m.since, others)
	known := m.knownAt(now)
	at := 0
	for rest := rows; len(rest) > 0; at++ {
		n := calls.SameTrace(rest)
		if !all(rest[:n], known) || m.shared(&v.traces[at], n > 1 && Related(rest[:n])) {
			near = append(near, rest[:n]...)
		}
		rest = rest[n:]
	}
	for i := range nodes {
		if !known(nodes[i].StartMicros) || m.shared(&v.traces[at+i], false) {
			nearNodes = append(nearNodes, nodes[i])
		}
	}
	return near, nearNodes
}

// shared reports whether a trace in which some span names no answer holds more than what was seen there, or several spans
// that may be one call.
func (m *Memory) shared(seen *seenTrace, related bool) bool {
	more, pending := seen.met || related, seen.pending
	for i := range m.generations {
		now, ok := m.generations[i].traces[seen.hash]
		more = more || ok && (now.batch != seen.batch || now.again)
		pending = pending || now.pending
	}
	return more && pending
}

// all reports whether is holds for the starts of all rows.
func all(rows []calls.Row, is func(start int64) bool) bool {
	for i := range rows {
		if !is(rows[i].StartMicros) {
			return false
		}
	}
	return true
}

// Related reports whether any two rows of a trace may be one call by what they have in common: one is right inside the
// other, or they have one parent or one id of an answer. Without nodes there is no other way.
func Related(rows []calls.Row) bool {
	const few = 16 // more are judged at once, which does not take their square
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

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
