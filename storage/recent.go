package storage

import (
	"context"
	"encoding/binary"
	"sync"
	"time"

	"github.com/costkey/costkey-otel/samecall"
)

// A store remembers which traces its batches wrote lately, and the database which stores wrote lately. What was stored since
// the others fell silent is in the memory, so that a batch asks the database about those of its traces only that another
// batch wrote to as well. Of two batches at once, of one store or of two, the one that commits later finds the other: a
// batch is in the memory, and its store in the database, before anything is written, and looks after its commit.

const (
	// announceEvery is how old a store's row in costkey.writer may be when it writes.
	announceEvery = 30 * time.Second
	// clockSkew is how far apart the clocks of applications, collectors and the database may be, and how long a span may
	// have ended before its store said that it writes.
	clockSkew = 5 * time.Minute
	// writersKept is how long the database remembers a store that is silent.
	writersKept = 24 * time.Hour
	// recentTraces bounds one generation of the memory: some 30 MB.
	recentTraces = 1 << 20
)

// recent is the memory. It is safe for concurrent use.
type recent struct {
	id [16]byte // of the store, at random

	announcing sync.Mutex // held while the database is told
	announced  time.Time
	epoch      int64 // of the caches: another database was not told

	mu      sync.Mutex
	batches uint32
	// generations are the traces by the time of their last write, the newest first. Each takes settleWindow, so that the
	// memory reaches back twice as far at least.
	generations [3]generation
	// since is when another store, or a forgotten generation of this one, may have written last.
	since time.Time
}

type generation struct {
	began  time.Time
	traces map[uint64]touch
}

// touch is what is remembered of a trace.
type touch struct {
	batch  uint32 // that wrote to it last
	again  bool   // the batch did so in several places: before and after a midnight, or with a link
	marked bool   // some call in it has no id of an answer
}

// visit is one batch in the memory: the traces of its rows, then of its links, each in their order.
type visit struct{ traces []seenTrace }

type seenTrace struct {
	hash uint64
	met  bool // another batch wrote to it before
	touch
}

// hash is a trace in the memory. Two with one hash are looked at in vain now and then.
func (k traceKey) hash() uint64 {
	return binary.BigEndian.Uint64(k.trace[8:]) ^ uint64(k.project)<<32
}

// announce tells the database that this store writes, unless it knows.
func (s *Store) announce(ctx context.Context) error {
	m := &s.recent
	m.announcing.Lock()
	defer m.announcing.Unlock()
	now := time.Now().Round(0) // by the wall: the monotonic clock stands still while a machine sleeps
	epoch := s.epoch.Load()
	if age := now.Sub(m.announced); age >= 0 && age < announceEvery && m.epoch == epoch {
		return nil
	}
	if _, err := s.pool.Exec(ctx, query("note_writer"), m.id); err != nil {
		return describe("tell that this collector writes", err)
	}
	m.announced, m.epoch = now, epoch
	return nil
}

// enter notes a batch before it is written. Rows of one trace stand together.
func (m *recent) enter(rows []row, links []link, now time.Time) *visit {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turn(now)
	m.batches++
	v := &visit{traces: make([]seenTrace, 0, len(rows)+len(links))}
	for rest := rows; len(rest) > 0; {
		n := sameTrace(rest)
		v.traces = append(v.traces, m.touch(rest[0].traceKey(), m.batches, marked(rest[:n])))
		rest = rest[n:]
	}
	for i := range links {
		v.traces = append(v.traces, m.touch(links[i].traceKey, m.batches, false))
	}
	return v
}

// turn begins a new generation where the newest is old or full.
func (m *recent) turn(now time.Time) {
	newest := &m.generations[0]
	if newest.traces != nil && now.Sub(newest.began) < settleWindow && len(newest.traces) < recentTraces {
		return
	}
	const last = len(m.generations) - 1
	if m.generations[last].traces != nil { // is forgotten
		m.since = later(m.since, m.generations[last-1].began)
	}
	copy(m.generations[1:], m.generations[:])
	m.generations[0] = generation{began: now, traces: make(map[uint64]touch)}
}

func (m *recent) touch(k traceKey, batch uint32, marked bool) seenTrace {
	seen := seenTrace{hash: k.hash(), touch: touch{batch: batch, marked: marked}}
	for i := range m.generations {
		before, ok := m.generations[i].traces[seen.hash]
		seen.met = seen.met || ok && before.batch != batch
		seen.again = seen.again || ok && before.batch == batch
		seen.marked = seen.marked || before.marked
	}
	m.generations[0].traces[seen.hash] = seen.touch
	return seen
}

// doubtful returns those rows and links of a written batch for which the memory does not answer, and those in whose traces
// there is more, if some call there has no id.
func (s *Store) doubtful(ctx context.Context, rows []row, links []link, v *visit) ([]row, []link, error) {
	if len(v.traces) == 0 {
		return nil, nil, nil
	}
	var others time.Time
	if err := s.pool.QueryRow(ctx, query("others_wrote"), s.recent.id, writersKept).Scan(&others); err != nil {
		return nil, nil, describe("ask when others wrote", err)
	}
	near, nearLinks := s.recent.inDoubt(v, rows, links, others, s.now())
	return near, nearLinks, nil
}

// inDoubt is doubtful, once it is known when others, all other stores, wrote last.
func (m *recent) inDoubt(v *visit, rows []row, links []link, others, now time.Time) (near []row, nearLinks []link) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.since = later(m.since, others)
	first := m.since.Add(settleWindow + clockSkew).UnixMicro()
	last := now.Add(clockSkew).UnixMicro()
	known := func(start int64) bool { return first <= start && start <= last }
	at := 0
	for rest := rows; len(rest) > 0; at++ {
		n := sameTrace(rest)
		if !all(rest[:n], known) || m.shared(&v.traces[at], n > 1 && related(rest[:n])) {
			near = append(near, rest[:n]...)
		}
		rest = rest[n:]
	}
	for i := range links {
		if !known(links[i].startMicros) || m.shared(&v.traces[at+i], false) {
			nearLinks = append(nearLinks, links[i])
		}
	}
	return near, nearLinks
}

// shared reports whether a trace in which some call has no id holds more than what was seen there, or several spans that
// may be one call.
func (m *recent) shared(seen *seenTrace, related bool) bool {
	more, marked := seen.met || related, seen.marked
	for i := range m.generations {
		now, ok := m.generations[i].traces[seen.hash]
		more = more || ok && (now.batch != seen.batch || now.again)
		marked = marked || now.marked
	}
	return more && marked
}

// all reports whether is holds for the starts of all rows.
func all(rows []row, is func(start int64) bool) bool {
	for i := range rows {
		if !is(rows[i].StartMicros) {
			return false
		}
	}
	return true
}

// marked reports whether some call of a trace has no id of an answer.
func marked(rows []row) bool {
	for i := range rows {
		if !samecall.NamesAnswer(rows[i].ResponseID) {
			return true
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
