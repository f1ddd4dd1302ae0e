package costkeyexporter

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/storage"
)

// batch is what push does with one request: calls become rows. The request stays as it is, since a write may be tried
// again.
type batch struct {
	calls       []genaispan.Call
	unpacked    []genaispan.Call // the buffer that calls lie in; nil where they are the request's own
	rows        []storage.Call
	joined      int // spans that another one in the batch stands for
	notes       map[string]int
	disagreeing disagreements

	lost   int   // calls of parts that can't be read
	damage error // why
}

// open reads the calls of req and joins those of different senders' batches that are one.
func (b *batch) open(req *request) {
	if len(req.parts) == 1 && req.parts[0].packed == nil {
		b.calls = req.parts[0].calls
		return
	}
	b.calls, b.lost, b.damage = req.unpackAll(slices.Grow(unpackBuffers.take(), req.items))
	b.unpacked = b.calls
	if len(req.parts) > 1 {
		before := genaispan.Leaves(b.calls)
		b.calls = genaispan.Resolve(b.calls)
		b.joined = before - genaispan.Leaves(b.calls)
	}
}

// price makes the rows, with the prices and the settings of one moment.
func (b *batch) price(ctx context.Context, e *tracesExporter) error {
	settings, err := e.settings.needed(ctx)
	if err != nil {
		return err
	}
	table := e.prices.current()
	b.rows = slices.Grow(rowBuffers.take(), len(b.calls))
	b.notes = make(map[string]int)
	for i := range b.calls {
		if b.calls[i].Outer {
			continue
		}
		n := len(b.rows)
		b.rows = b.rows[:n+1] // cleared when it was given back
		row := &b.rows[n]
		stored(table, &b.calls[i], row)
		addDefaultTags(row, settings.tags[row.Project])
		b.disagreeing.note(row)
		if e.cfg.UseReportedCost {
			takeReported(row)
		}
		for _, note := range row.Notes {
			b.notes[note]++
		}
	}
	return nil
}

func (b *batch) release() {
	rowBuffers.release(b.rows, len(b.rows))
	unpackBuffers.release(b.unpacked, len(b.unpacked))
}

// A batch is some megabytes, several times a second. Its buffers are reused, by kind: a sender's batch is small.
var (
	readBuffers, unpackBuffers buffers[genaispan.Call]
	rowBuffers                 buffers[storage.Call]
)

// buffers are empty slices with zero values behind them, for use by several goroutines. A garbage collection, of which there
// are many a second under load, does not take them: what is taken away must be mapped and cleared anew. A while without any
// use does.
type buffers[T any] struct {
	mu   sync.Mutex
	free [][]T
	idle *time.Timer
}

// keptIdle is how long buffers are kept that nobody uses.
const keptIdle = time.Minute

func (b *buffers[T]) take() []T {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(b.free) - 1
	if n < 0 {
		return nil
	}
	out := b.free[n]
	b.free = b.free[:n]
	return out
}

// release gives back a slice of which the first n elements were used. They are cleared: their strings must not live until
// the next batch, nor may two calls that share a list fill it both. No more are kept than can be worked on at once.
func (b *buffers[T]) release(used []T, n int) {
	if cap(used) == 0 {
		return
	}
	clear(used[:n])
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.free) == runtime.GOMAXPROCS(0) {
		return
	}
	b.free = append(b.free, used[:0])
	if b.idle == nil {
		b.idle = time.AfterFunc(keptIdle, b.drop)
	}
	b.idle.Reset(keptIdle)
}

// drop lets go of all.
func (b *buffers[T]) drop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free = nil
}
