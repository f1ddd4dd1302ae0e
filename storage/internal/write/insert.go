package write

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/storage/internal/calls"
	"github.com/costkey/costkey-otel/storage/internal/database"
	"github.com/costkey/costkey-otel/storage/internal/rollup"
	"github.com/costkey/costkey-otel/storage/internal/rows"
)

// buffers are reused between batches.
var buffers = sync.Pool{New: func() any { return new(rows.Buffer) }}

// insert writes rows and their sums in one transaction.
func (w *Writer) insert(ctx context.Context, batch []calls.Row) error {
	if len(batch) == 0 {
		return nil
	}
	epoch, err := epochOf(batch)
	if err != nil {
		return err
	}
	return w.db.Write(ctx, epoch, func(tx pgx.Tx) error {
		if err := insertPending(ctx, tx, batch); err != nil {
			return err
		}
		sums := make(rollup.Sums)
		if err := insertRows(ctx, tx, batch, sums); err != nil {
			return err
		}
		return sums.Insert(ctx, tx)
	})
}

// epochOf returns the epoch of the caches that all rows have their ids from.
func epochOf(batch []calls.Row) (int64, error) {
	for i := range batch {
		if batch[i].Epoch != batch[0].Epoch {
			return 0, database.ErrRaced
		}
	}
	return batch[0].Epoch, nil
}

// copiedAtOnce bounds the rows of one COPY, so that none takes long.
const copiedAtOnce = 5000

// insertRows copies rows into the partitions of their days and counts them in.
func insertRows(ctx context.Context, tx pgx.Tx, batch []calls.Row, sums rollup.Sums) error {
	buf := buffers.Get().(*rows.Buffer)
	defer buffers.Put(buf)
	for len(batch) > 0 {
		d, n := batch[0].Day(), 0
		b := slices.Grow((*buf)[:0], min(len(batch), copiedAtOnce)*rows.ApproximateBytes).Begin()
		for ; n < min(len(batch), copiedAtOnce) && batch[n].Day() == d; n++ {
			b = rows.Append(b, &batch[n])
			sums.Add(&batch[n], 1)
		}
		*buf = b.End()
		if err := database.CopyIn(ctx, tx, "call_"+d.Suffix(), rows.Columns, *buf); err != nil {
			return database.Describe(fmt.Sprintf("copy %d calls of %s", n, d), err)
		}
		if err := insertBodies(ctx, tx, d, batch[:n], buf); err != nil {
			return err
		}
		batch = batch[n:]
	}
	return nil
}

// insertBodies copies the bodies of one day's rows, where there are any.
func insertBodies(ctx context.Context, tx pgx.Tx, d calls.Day, batch []calls.Row, buf *rows.Buffer) error {
	b, n := buf.Begin(), 0
	for i := range batch {
		if r := &batch[i]; r.RequestBody != "" || r.ResponseBody != "" {
			b = rows.AppendBody(b, r)
			n++
		}
	}
	*buf = b
	if n == 0 {
		return nil
	}
	*buf = b.End()
	err := database.CopyIn(ctx, tx, "call_body_"+d.Suffix(), rows.BodyColumns, *buf)
	return database.Describe(fmt.Sprintf("copy %d bodies of %s", n, d), err)
}

var pendingColumns = []string{"project_id", "trace_id", "started_at"}

// insertPending notes the traces of those rows that are pending, a row for each trace and day.
func insertPending(ctx context.Context, tx pgx.Tx, batch []calls.Row) error {
	buf := buffers.Get().(*rows.Buffer)
	defer buffers.Put(buf)
	b, last := buf.Begin(), (*calls.Row)(nil)
	for i := range batch {
		r := &batch[i]
		if !r.Pending || last != nil && last.TraceKey() == r.TraceKey() {
			continue
		}
		last = r
		b = b.Row(len(pendingColumns)).Int8(r.ProjectID).UUID(r.TraceID).Timestamp(r.StartMicros)
	}
	*buf = b
	if last == nil {
		return nil
	}
	*buf = b.End()
	return database.Describe("copy pending traces", database.CopyIn(ctx, tx, "pending_trace", pendingColumns, *buf))
}

// projectTimes are times by project. The zero value is empty.
type projectTimes struct {
	mu sync.RWMutex
	at map[int64]time.Time
}

// maxProjectTimes bounds the memory: times that are over are forgotten beyond it.
const maxProjectTimes = 10_000

// of returns the times of a batch's projects.
func (p *projectTimes) of(batch []calls.Row) map[int64]time.Time {
	p.mu.RLock()
	defer p.mu.RUnlock()
	out := make(map[int64]time.Time)
	for i := range batch {
		if i == 0 || batch[i].ProjectID != batch[i-1].ProjectID {
			if at, ok := p.at[batch[i].ProjectID]; ok {
				out[batch[i].ProjectID] = at
			}
		}
	}
	return out
}

func (p *projectTimes) set(batch []calls.Row, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at == nil || len(p.at) > maxProjectTimes {
		p.at = make(map[int64]time.Time)
	}
	for i := range batch {
		if i == 0 || batch[i].ProjectID != batch[i-1].ProjectID {
			p.at[batch[i].ProjectID] = at
		}
	}
}
