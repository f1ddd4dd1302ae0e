package costkeyexporter

import (
	"context"
	"slices"
	"sync"

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
		b.calls = genaispan.Settle(b.calls)
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

// buffers are empty slices with zero values behind them.
type buffers[T any] struct{ pool sync.Pool }

func (b *buffers[T]) take() []T {
	if found, ok := b.pool.Get().(*[]T); ok {
		return *found
	}
	return nil
}

// release gives back a slice of which the first n elements were used. They are cleared: their strings must not live until
// the next batch, nor may two calls that share a list fill it both.
func (b *buffers[T]) release(used []T, n int) {
	if cap(used) == 0 {
		return
	}
	clear(used[:n])
	used = used[:0]
	b.pool.Put(&used)
}
