package write

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/storage/internal/calls"
	"github.com/costkey/costkey-otel/storage/internal/database"
	"github.com/costkey/costkey-otel/storage/internal/deadletters"
	"github.com/costkey/costkey-otel/storage/internal/rollup"
)

// failuresUntilNarrowed is how often a batch fails in the same way before it is narrowed down to the rows that do.
const failuresUntilNarrowed = 4

// failures counts how often batches failed in the same way. The zero value is empty.
type failures struct {
	mu      sync.Mutex
	batches map[uint64]failure
}

type failure struct {
	code  string
	times int
}

// maxFailures bounds the memory: as many batches do not fail at once.
const maxFailures = 1000

// fingerprint tells one batch from another while it is tried again.
func fingerprint(cs []calls.Call) uint64 {
	sum := uint64(len(cs))
	for i := range cs {
		sum = sum*31 + binary.BigEndian.Uint64(cs[i].SpanID[:]) ^ binary.BigEndian.Uint64(cs[i].TraceID[8:])
	}
	return sum
}

// failed counts a failure. What tells of the server and not of rows never is a reason to narrow a batch down.
func (f *failures) failed(cs []calls.Call, err error) {
	if database.IsTransient(err) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.batches == nil || len(f.batches) > maxFailures {
		f.batches = make(map[uint64]failure)
	}
	key, code := fingerprint(cs), database.Code(err)
	last := f.batches[key]
	if last.code != code && last.times < failuresUntilNarrowed { // one that is narrowed down is so until it is written
		last = failure{code: code}
	}
	last.times++
	f.batches[key] = last
}

// due reports whether a batch failed so often in the same way that it is to be narrowed down.
func (f *failures) due(cs []calls.Call) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.batches) > 0 && f.batches[fingerprint(cs)].times >= failuresUntilNarrowed
}

func (f *failures) succeeded(cs []calls.Call) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.batches) > 0 {
		delete(f.batches, fingerprint(cs))
	}
}

// errNotNarrowed says that no row is to blame.
var errNotNarrowed = errors.New("no row can be written now")

// narrow writes a batch that failed again and again piece by piece. A single call that fails although a row of today can be
// written is to blame, and becomes a dead letter. What became one before is not tried again, so that a batch that takes
// long goes on where it was.
func (w *Writer) narrow(ctx context.Context, cs []calls.Call, links []calls.SpanNode) (calls.WriteResult, error) {
	var res calls.WriteResult
	if err := w.probe(ctx); err != nil {
		return res, err
	}
	known, err := deadletters.Known(ctx, w.db.Pool(), cs)
	if err != nil {
		return res, err
	}
	rest := make([]calls.Call, 0, len(cs))
	for i := range cs {
		if known[i] {
			res.DeadLetters(calls.ReasonFailing, 1)
		} else {
			rest = append(rest, cs[i])
		}
	}
	return res, w.writePieces(ctx, rest, links, &res)
}

// pieceTimeout bounds how long one piece of a batch may take.
const pieceTimeout = 10 * time.Second

// writePieces writes calls and halves what fails.
func (w *Writer) writePieces(ctx context.Context, cs []calls.Call, links []calls.SpanNode, res *calls.WriteResult) error {
	if len(cs) == 0 {
		return nil
	}
	got, err := w.tryPiece(ctx, cs, links)
	switch {
	case err == nil:
		res.Add(&got)
		return nil
	case database.IsTransient(err) || ctx.Err() != nil:
		return err
	case len(cs) > 1:
		half := len(cs) / 2
		if err := w.writePieces(ctx, cs[:half], links, res); err != nil {
			return err
		}
		return w.writePieces(ctx, cs[half:], links, res)
	case len(links) > 0: // which may be to blame: they go before a call does
		return w.writePieces(ctx, cs, nil, res)
	}
	if err := w.probe(ctx); err != nil {
		return err
	}
	return w.bury(ctx, []*calls.Call{&cs[0]}, calls.ReasonFailing, err, res)
}

func (w *Writer) tryPiece(ctx context.Context, cs []calls.Call, links []calls.SpanNode) (calls.WriteResult, error) {
	ctx, cancel := context.WithTimeout(ctx, pieceTimeout)
	defer cancel()
	return w.try(ctx, cs, links)
}

// errRollback ends a probe's transaction.
var errRollback = errors.New("roll back")

// probe writes a row of today as any call is written, and takes it back: an error says that the database takes none now.
func (w *Writer) probe(ctx context.Context) error {
	now := w.db.Now()
	day := calls.DayOfTime(now)
	if err := w.days.Ensure(ctx, day); err != nil {
		return fmt.Errorf("%w: %w", errNotNarrowed, err)
	}
	c := calls.Call{StartMicros: now.UnixMicro(), DurationMicros: calls.Unknown, FirstTokenMicros: calls.Unknown}
	_, _ = rand.Read(c.TraceID[:]) // never fails
	_, _ = rand.Read(c.SpanID[:])
	row := []calls.Row{{Call: &c, ProjectID: -1, AttributesID: -1, DimensionSetID: -1}}
	err := w.db.Write(ctx, w.db.Epoch(), func(tx pgx.Tx) error {
		sums := make(rollup.Sums)
		if err := insertRows(ctx, tx, row, sums); err != nil {
			return err
		}
		if err := sums.Insert(ctx, tx); err != nil {
			return err
		}
		return errRollback
	})
	if errors.Is(err, errRollback) {
		return nil
	}
	return fmt.Errorf("%w: %w", errNotNarrowed, err)
}
