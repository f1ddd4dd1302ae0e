package write

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/storage/internal/calls"
	"github.com/costkey/costkey-otel/storage/internal/database"
	"github.com/costkey/costkey-otel/storage/internal/dedup"
	"github.com/costkey/costkey-otel/storage/internal/peers"
	"github.com/costkey/costkey-otel/storage/internal/rollup"
	"github.com/costkey/costkey-otel/storage/internal/rows"
)

// joinedAtOnce bounds how many rows are judged in one transaction.
const joinedAtOnce = 2000

// join writes rows of which some may be stored, or other spans of stored calls. What the database has of them is read from
// one snapshot; a writer that changed it in between makes the rows be judged again.
func (w *Writer) join(ctx context.Context, batch []calls.Row, res *calls.WriteResult) error {
	for len(batch) > 0 {
		n := min(joinedAtOnce, len(batch))
		for n < len(batch) && batch[n].TraceKey() == batch[n-1].TraceKey() {
			n++ // a trace is judged as a whole
		}
		if err := w.joinSome(ctx, batch[:n], res); err != nil {
			return err
		}
		batch = batch[n:]
	}
	return nil
}

func (w *Writer) joinSome(ctx context.Context, batch []calls.Row, res *calls.WriteResult) error {
	for race := 1; ; race++ {
		var got calls.WriteResult
		err := w.joinOnce(ctx, batch, &got)
		switch {
		case err == nil:
			res.Add(&got)
			return nil
		case !database.IsRaced(err) || race == maxRaces:
			return err
		}
	}
}

func (w *Writer) joinOnce(ctx context.Context, batch []calls.Row, res *calls.WriteResult) error {
	id, epoch, err := w.db.Current(ctx)
	if err != nil {
		return err
	}
	hasher := w.hasher(id.HashKey)
	var fresh []calls.Row
	var known []calls.Row
	var plan dedup.Plan
	err = w.db.Snapshot(ctx, func(tx pgx.Tx) error {
		judge := func(found peers.Found) (dedup.Plan, bool) {
			known = found.Rows
			fresh, res.Duplicate = withoutStored(batch, found.Rows)
			return dedup.Join(found.Rows, fresh, found.Nodes, hasher)
		}
		plan, err = w.judge(ctx, tx, peers.Seeds{Rows: batch, Whole: w.testing.ShortTrace}, judge)
		return err
	})
	w.pause(ctx, StepJudged)
	if err != nil || len(fresh) == 0 {
		return err
	}
	insert, refused, err := w.interner.Intern(ctx, plan.Insert)
	if err != nil {
		return err
	}
	if len(refused) > 0 {
		// A row that came of joining can't be stored: what it would replace must not be lost.
		plan = dedup.Apart(known, fresh, hasher)
		if insert, refused, err = w.interner.Intern(ctx, plan.Insert); err != nil {
			return err
		}
		if err := w.bury(ctx, callsOf(refused), calls.ReasonBadValue, errRefused, res); err != nil {
			return err
		}
	}
	plan.Insert = insert
	res.Joined = plan.Joined
	return w.apply(ctx, &plan, fresh, epoch, res)
}

// withoutStored returns the rows of batch whose spans are not among the stored ones, each span once, and the number of the
// others. A stored span may stand at the earlier start of another span of its call.
func withoutStored(batch, stored []calls.Row) (fresh []calls.Row, duplicates int) {
	known := make(map[calls.RowKey]struct{}, len(stored))
	for i := range stored {
		known[stored[i].Key()] = struct{}{}
	}
	for i := range batch {
		if _, ok := known[batch[i].Key()]; ok {
			duplicates++
			continue
		}
		known[batch[i].Key()] = struct{}{} // a sender with a wrong clock tells a span with two starts
		fresh = append(fresh, batch[i])
	}
	return fresh, duplicates
}

// maxWidening bounds how often the peers of a plan's own rows are read too.
const maxWidening = 4

// judge reads the peers of seeds within tx and judges them. Where the plan changes stored rows that are no seeds, their peers
// are read as well, and all is judged anew. Bodies are read for what is replaced only.
func (w *Writer) judge(ctx context.Context, tx pgx.Tx, seeds peers.Seeds, judge func(peers.Found) (dedup.Plan, bool)) (dedup.Plan, error) {
	seeded := make(map[calls.RowKey]bool, len(seeds.Rows))
	for i := range seeds.Rows {
		seeded[seeds.Rows[i].Key()] = true
	}
	for widening := 0; ; widening++ {
		found, err := peers.Find(ctx, tx, seeds)
		if err != nil {
			return dedup.Plan{}, err
		}
		plan, ok := judge(found)
		if !ok {
			return dedup.Plan{}, database.ErrRaced
		}
		n := len(seeds.Rows)
		for i := range plan.Remove {
			if r := &plan.Remove[i]; !seeded[r.Key()] {
				seeded[r.Key()] = true
				seeds.Rows = append(seeds.Rows[:len(seeds.Rows):len(seeds.Rows)], *r)
			}
		}
		if len(seeds.Rows) > n && widening < maxWidening {
			continue
		}
		if len(plan.Remove) == 0 {
			return plan, nil
		}
		if err := peers.ReadBodies(ctx, tx, plan.Remove); err != nil {
			return dedup.Plan{}, err
		}
		plan, _ = judge(found) // the same, now with the bodies
		return plan, nil
	}
}

// apply does what plan says in one transaction and counts it. Traces of rows that came and are pending are noted, whatever
// became of the rows.
func (w *Writer) apply(ctx context.Context, plan *dedup.Plan, came []calls.Row, epoch int64, res *calls.WriteResult) error {
	for i := range plan.Insert {
		if plan.Insert[i].Epoch != epoch {
			return database.ErrRaced
		}
	}
	w.pause(ctx, StepApplying)
	err := w.db.Write(ctx, epoch, func(tx pgx.Tx) error {
		sums := make(rollup.Sums)
		if err := removeRows(ctx, tx, plan.Remove, plan.Keep, sums); err != nil {
			return err
		}
		if err := insertPending(ctx, tx, came); err != nil {
			return err
		}
		if err := insertRows(ctx, tx, plan.Insert, sums); err != nil {
			return err
		}
		if err := insertNodes(ctx, tx, plan.Nodes); err != nil {
			return err
		}
		return sums.Insert(ctx, tx)
	})
	if err == nil {
		res.CountWritten(plan.Insert, 1)
		res.CountWritten(plan.Remove, -1)
	}
	return err
}

// removeRows takes stored rows out and counts them out, and holds those that are kept until the transaction ends. A row
// that is not there any more, or is priced differently, was changed by another writer.
func removeRows(ctx context.Context, tx pgx.Tx, stored, kept []calls.Row, sums rollup.Sums) error {
	if len(stored) == 0 {
		return nil
	}
	all := append(stored[:len(stored):len(stored)], kept...)
	keys, old := rows.NewKeys(all), rows.NewPrices(all)
	first, last := rows.Bounds(all)
	var found int
	err := tx.QueryRow(ctx, query("delete_calls"), keys.Projects, keys.Traces, keys.Spans, keys.Starts,
		old.Attributes, old.Costs, first, last, len(stored)).Scan(&found)
	if err != nil {
		return database.Describe("take out replaced calls", err)
	}
	if found != len(all) {
		return database.ErrRaced
	}
	for i := range stored {
		sums.Add(&stored[i], -1)
	}
	return nil
}
