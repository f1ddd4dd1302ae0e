package write

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/storage/internal/calls"
	"github.com/costkey/costkey-otel/storage/internal/database"
	"github.com/costkey/costkey-otel/storage/internal/dedup"
)

// writeRows writes prepared rows. A refused value is narrowed down to its row, which becomes a dead letter; all others are
// written.
func (w *Writer) writeRows(ctx context.Context, batch []calls.Row, res *calls.WriteResult) error {
	if len(batch) == 0 {
		return nil
	}
	err := w.tryRows(ctx, batch, res)
	switch {
	case !database.IsValueError(err):
		return err
	case len(batch) == 1:
		if err := w.probe(ctx); err != nil {
			return err // no row is to blame
		}
		return w.bury(ctx, callsOf(batch), calls.ReasonBadValue, err, res)
	}
	half := len(batch) / 2
	if err := w.writeRows(ctx, batch[:half], res); err != nil {
		return err
	}
	return w.writeRows(ctx, batch[half:], res)
}

// tryRows writes rows of which some may be stored.
func (w *Writer) tryRows(ctx context.Context, batch []calls.Row, res *calls.WriteResult) error {
	// Fast path - no row is checked, and all go in at once.
	err := error(nil)
	for all := false; ; all = true {
		var d division
		if d, err = w.divide(ctx, batch, all); err != nil {
			return err
		}
		w.pause(ctx, StepDivided)
		err = w.insert(ctx, d.fresh)
		if database.IsUniqueViolation(err) && !all {
			// Slow path - some row is stored, or another span of its answer: find out which.
			w.checks.until.set(batch, w.db.Now().Add(checkFor))
			continue
		}
		if database.IsUniqueViolation(err) || database.IsDeadlock(err) {
			return w.join(ctx, batch, res) // others are at the same rows: judge all of them
		}
		if err != nil {
			return err
		}
		res.CountWritten(d.fresh, 1)
		res.Duplicate += d.duplicates
		if len(d.held) > 0 || d.duplicates > 0 {
			w.checks.until.set(batch, w.db.Now().Add(checkFor))
		}
		return w.join(ctx, d.held, res)
	}
}

// division is a batch by what the database has of its rows.
type division struct {
	fresh      []calls.Row // nothing
	held       []calls.Row // another row with the hash of their answer
	duplicates int         // the rows themselves
}

// divide checks rows: all of them, or those for which a look is due.
func (w *Writer) divide(ctx context.Context, batch []calls.Row, all bool) (division, error) {
	var due []int32
	if all {
		due = make([]int32, len(batch))
		for i := range due {
			due[i] = int32(i)
		}
	} else if due = w.mustCheck(batch); len(due) == 0 {
		return division{fresh: batch}, nil
	}
	state := make([]rowState, len(batch))
	for len(due) > 0 {
		d, n := batch[due[0]].Day(), 1
		for n < len(due) && batch[due[n]].Day() == d {
			n++
		}
		if err := w.checkDay(ctx, batch, due[:n], state); err != nil {
			return division{}, err
		}
		due = due[n:]
	}
	if all {
		holdOnce(batch, state)
	}
	var d division
	for i := range batch {
		switch state[i] {
		case rowStored:
			d.duplicates++
		case rowHeld:
			d.held = append(d.held, batch[i])
		case rowFresh:
			d.fresh = append(d.fresh, batch[i])
		}
	}
	return d, nil
}

type rowState uint8

const (
	rowFresh rowState = iota
	rowStored
	rowHeld
)

// holdOnce makes of fresh rows with one hash in one day all but the first held: they are judged against it.
func holdOnce(batch []calls.Row, state []rowState) {
	type held struct {
		project, hash int64
		day           calls.Day
	}
	seen := make(map[held]struct{}, len(batch))
	for i := range batch {
		if state[i] != rowFresh || !batch[i].Holds() {
			continue
		}
		k := held{batch[i].ProjectID, batch[i].ResponseHash, batch[i].Day()}
		if _, ok := seen[k]; ok {
			state[i] = rowHeld
		}
		seen[k] = struct{}{}
	}
}

// checkDay finds which of the rows of one day, by number, are stored or held. Those near a midnight are looked for on both
// of its days.
func (w *Writer) checkDay(ctx context.Context, batch []calls.Row, due []int32, state []rowState) error {
	midnight := batch[due[0]].Day().Time()
	near := slices.DeleteFunc(slices.Clone(due), func(i int32) bool { return !isNearMidnight(&batch[i]) })
	far := slices.DeleteFunc(slices.Clone(due), func(i int32) bool { return isNearMidnight(&batch[i]) })
	const day = 24 * time.Hour
	return w.db.Lookup(ctx, func(tx pgx.Tx) error {
		if err := checkRows(ctx, tx, batch, far, state, midnight, midnight.Add(day)); err != nil {
			return err
		}
		return checkRows(ctx, tx, batch, near, state, midnight.Add(-dedup.Window), midnight.Add(day+dedup.Window))
	})
}

func checkRows(ctx context.Context, tx pgx.Tx, batch []calls.Row, due []int32, state []rowState, first, until time.Time) error {
	if len(due) == 0 {
		return nil
	}
	projects, traces := make([]int64, len(due)), make([][16]byte, len(due))
	spans, hashes := make([]int64, len(due)), make([]*int64, len(due))
	for i, n := range due {
		r := &batch[n]
		projects[i], traces[i], spans[i] = r.ProjectID, r.TraceID, calls.SpanNumber(r.SpanID)
		if r.ResponseID != "" {
			hashes[i] = &r.ResponseHash
		}
	}
	found, err := tx.Query(ctx, query("check_rows"), due, projects, traces, spans, hashes, first, until)
	if err != nil {
		return database.Describe("look for stored calls", err)
	}
	var n int32
	var stored bool
	_, err = pgx.ForEachRow(found, []any{&n, &stored}, func() error {
		state[n] = rowHeld
		if stored {
			state[n] = rowStored
		}
		return nil
	})
	return database.Describe("look for stored calls", err)
}
