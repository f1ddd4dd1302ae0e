package write

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/storage/internal/calls"
	"github.com/costkey/costkey-otel/storage/internal/database"
	"github.com/costkey/costkey-otel/storage/internal/dedup"
)

// checks remembers for which projects rows are checked before they are written: a batch that met a stored row is often
// followed by more.
type checks struct {
	met projectTimes // until when those rows are to whose traces other batches wrote
	all projectTimes // until when all are: some answer's id comes in one trace after the other
}

// checkFor is how long rows of a project are checked first after one of them was found to be stored.
const checkFor = 10 * time.Second

// tryRows writes rows of which some may be stored.
func (w *Writer) tryRows(ctx context.Context, batch []calls.Row, res *calls.WriteResult) error {
	// Fast path - no row is checked, and all go in at once.
	for all := false; ; all = true {
		d, err := w.divide(ctx, batch, all)
		if err != nil {
			return err
		}
		w.pause(ctx, StepDivided)
		err = w.insert(ctx, d.fresh)
		if database.IsUniqueViolation(err) && !all {
			continue // Slow path - some row is stored, or another span of its answer: find out which.
		}
		if database.IsUniqueViolation(err) || database.IsDeadlock(err) {
			return w.join(ctx, batch, res) // others are at the same rows: judge all of them
		}
		if err != nil {
			return err
		}
		res.CountWritten(d.fresh, 1)
		res.Duplicate += d.duplicates
		w.expectMore(batch, &d)
		return w.join(ctx, d.held, res)
	}
}

// expectMore notes that rows as the stored ones of a batch may come again.
func (w *Writer) expectMore(batch []calls.Row, d *division) {
	until := w.db.Now().Add(checkFor)
	if len(d.held) > 0 || d.duplicates > 0 {
		w.checks.met.set(batch, until)
	}
	if d.unforeseen {
		w.checks.all.set(batch, until)
	}
}

// division is a batch by what the database has of its rows.
type division struct {
	fresh      []calls.Row // nothing
	held       []calls.Row // another row with the hash of their answer
	duplicates int         // the rows themselves
	unforeseen bool        // some are stored or held although nobody seemed to have written to their traces
}

// divide checks rows: all of them, or those for which a look is due.
func (w *Writer) divide(ctx context.Context, batch []calls.Row, all bool) (division, error) {
	looks := w.looks(batch, all)
	state := make([]rowState, len(batch))
	for i := range looks {
		if err := looks[i].ask(ctx, w.db, batch, state); err != nil {
			return division{}, err
		}
	}
	if len(looks) == 0 {
		return division{fresh: batch}, nil
	}
	if all {
		holdOnce(batch, state)
	}
	var d division
	for i := range batch {
		d.unforeseen = d.unforeseen || state[i] != rowFresh && !batch[i].Met
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

// look is a question about rows of one day.
type look struct {
	rows []int32 // their numbers in the batch
	// first and until bound the starts of what is looked for: the rows' own day, or what of the day before or behind it is
	// near them.
	first, until time.Time
	// beyond says that it is not their own day, whose unique indexes see to it that nothing is stored twice.
	beyond bool
}

// looks returns what must be asked before a batch is written: which rows may be stored, or another span of whose answer may
// be, where no unique index of their own day tells; in their own day too for all rows, or for those that are expected to be
// there. Rows are in the order of their days.
func (w *Writer) looks(batch []calls.Row, all bool) (out []look) {
	expected := w.expected(batch, all)
	for first := 0; first < len(batch); {
		d, end := batch[first].Day(), first
		midnight := d.Time()
		next := midnight.AddDate(0, 0, 1)
		own := look{first: midnight, until: next}
		before := look{first: midnight.Add(-dedup.Window), until: midnight, beyond: true}
		behind := look{first: next, until: next.Add(dedup.Window), beyond: true}
		for ; end < len(batch) && batch[end].Day() == d; end++ {
			if expected(&batch[end]) {
				own.rows = append(own.rows, int32(end))
			}
			switch start := batch[end].StartMicros; {
			case start < midnight.Add(dedup.Window).UnixMicro():
				before.rows = append(before.rows, int32(end))
			case start > next.Add(-dedup.Window).UnixMicro():
				behind.rows = append(behind.rows, int32(end))
			}
		}
		for _, l := range [...]look{own, before, behind} {
			if len(l.rows) > 0 {
				out = append(out, l)
			}
		}
		first = end
	}
	return out
}

// expected returns whether a row is looked for in its own day.
func (w *Writer) expected(batch []calls.Row, all bool) func(*calls.Row) bool {
	if all {
		return func(*calls.Row) bool { return true }
	}
	now := w.db.Now()
	met, every := w.checks.met.of(batch), w.checks.all.of(batch)
	return func(r *calls.Row) bool {
		return r.Met && now.Before(met[r.ProjectID]) || now.Before(every[r.ProjectID])
	}
}

// ask asks and notes in state what is known of the rows.
func (l *look) ask(ctx context.Context, db *database.DB, batch []calls.Row, state []rowState) error {
	projects, traces := make([]int64, len(l.rows)), make([][16]byte, len(l.rows))
	spans, hashes := make([]int64, len(l.rows)), make([]*int64, len(l.rows))
	for i, n := range l.rows {
		r := &batch[n]
		projects[i], traces[i], spans[i] = r.ProjectID, r.TraceID, calls.SpanNumber(r.SpanID)
		if r.ResponseID != "" {
			hashes[i] = &r.ResponseHash
		}
	}
	err := db.Lookup(ctx, func(tx pgx.Tx) error {
		found, err := tx.Query(ctx, query("check_rows"), l.rows, projects, traces, spans, hashes, l.first, l.until, l.beyond)
		if err != nil {
			return err
		}
		var n int32
		var stored bool
		_, err = pgx.ForEachRow(found, []any{&n, &stored}, func() error {
			switch {
			case stored:
				state[n] = rowStored
			case state[n] == rowFresh:
				state[n] = rowHeld
			}
			return nil
		})
		return err
	})
	return database.Describe("look for stored calls", err)
}
