package reprice

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/storage/internal/calls"
	"github.com/costkey/costkey-otel/storage/internal/database"
	"github.com/costkey/costkey-otel/storage/internal/rollup"
	"github.com/costkey/costkey-otel/storage/internal/rows"
)

// tries is how often a batch is tried while others write its rows.
const tries = 8

// lockTimeout is below PostgreSQL's deadlock_timeout of 1 s: a run that locked rows a writer waits for and waits for
// rows of that writer gives way before PostgreSQL breaks the circle, maybe at the writer's cost.
const lockTimeout = "500ms"

// repricing is one run.
type repricing struct {
	On
	filter  Filter
	price   func(*calls.Call) Priced
	opts    Options
	id      int64
	pending Result // counts that the record lacks
}

// change is one row that is priced differently now.
type change struct{ old, new calls.Row }

// day goes through the calls of one day in the order of their keys.
func (p *repricing) day(ctx context.Context, d calls.Day, res *Result) error {
	from, to := d.Time(), (d + 1).Time()
	if from.Before(p.filter.From) {
		from = p.filter.From
	}
	if to.After(p.filter.To) {
		to = p.filter.To
	}
	after := calls.RowKey{ProjectID: -1 << 63, SpanID: calls.SpanID(-1 << 63)} // the least, as the database sorts
	for from.Before(to) {
		got, err := p.batch(ctx, from, to, &after)
		res.add(&got)
		if err != nil {
			return err
		}
		if p.opts.Progress != nil && got.Seen > 0 {
			p.opts.Progress(int(got.Seen))
		}
		if got.Seen < int64(p.opts.Batch) {
			break
		}
	}
	return nil
}

// batch reprices the calls behind after and moves it to the last one.
func (p *repricing) batch(ctx context.Context, from, to time.Time, after *calls.RowKey) (Result, error) {
	var total Result
	for try := 1; ; try++ {
		found, err := p.page(ctx, from, to, after)
		if err != nil || len(found) == 0 {
			return total, err
		}
		got, raced, err := p.apply(ctx, found)
		total.add(&got)
		if err != nil && !isGivingWay(err) {
			return total, err
		}
		if raced == 0 || try == tries {
			rest := Result{Seen: int64(len(found)), Skipped: raced}
			total.add(&rest)
			p.pending.add(&rest)
			*after = found[len(found)-1].Key()
			return total, nil
		}
	}
}

// isGivingWay reports whether others were at the rows of a batch: it is read again.
func isGivingWay(err error) bool {
	return database.IsRaced(err) || database.IsMissingTable(err) || database.IsLockTimeout(err)
}

// page reads the next calls.
func (p *repricing) page(ctx context.Context, from, to time.Time, after *calls.RowKey) ([]calls.Row, error) {
	f := &p.filter
	var found []calls.Row
	err := p.DB.Lookup(ctx, func(tx pgx.Tx) error {
		answer, err := tx.Query(ctx, query("page_calls"), from, to, after.TraceID, calls.SpanNumber(after.SpanID), after.ProjectID,
			f.Project, f.Provider, p.opts.Batch, f.Model)
		if err != nil {
			return err
		}
		found, err = pgx.CollectRows(answer, rows.ScanStored)
		return err
	})
	return found, database.Describe("read calls", err)
}

// apply prices rows and stores what differs. raced is how many of those it left as they are, since others changed them.
func (p *repricing) apply(ctx context.Context, found []calls.Row) (res Result, raced int64, err error) {
	changes := p.changes(found)
	if p.opts.DryRun {
		for i := range changes {
			res.count(&changes[i])
		}
		return res, 0, nil
	}
	if len(changes) == 0 {
		return res, 0, nil
	}
	raced = int64(len(changes))
	if changes, err = p.intern(ctx, changes); err != nil || len(changes) == 0 {
		return res, raced, err
	}
	err = p.DB.Write(ctx, changes[0].new.Epoch, func(tx pgx.Tx) error {
		res, err = p.write(ctx, tx, changes)
		return err
	})
	if err != nil {
		return Result{}, raced, err
	}
	p.pending = Result{}
	return res, raced - res.Changed, nil
}

// changes returns the rows that are priced differently.
func (p *repricing) changes(found []calls.Row) []change {
	var out []change
	for i := range found {
		old := &found[i]
		was, is := PricedAs(old.Call), p.price(old.Call)
		if was.same(&is) {
			continue
		}
		c := *old.Call
		c.CostStatus, c.CostUSD, c.CostKnown, c.PricedModel = is.Status, is.Cost, is.Known, is.Model
		c.ServiceTier, c.Catalogue, c.Notes = is.Tier, is.Catalogue, is.Notes
		if !c.CostKnown {
			c.CostUSD = pricing.Money{}
		}
		c.Tags = nil // stay as they are
		out = append(out, change{old: *old, new: calls.Row{Call: &c, ProjectID: old.ProjectID}})
	}
	return out
}

// intern gives the new rows their ids, and leaves out those that name something PostgreSQL refuses.
func (p *repricing) intern(ctx context.Context, changes []change) ([]change, error) {
	repriced := make([]calls.Row, len(changes))
	for i := range changes {
		repriced[i] = changes[i].new
	}
	repriced, _, err := p.Interner.Intern(ctx, repriced)
	if err != nil {
		return nil, err
	}
	interned := make(map[calls.RowKey]calls.Row, len(repriced))
	for i := range repriced {
		interned[repriced[i].Key()] = repriced[i]
	}
	out := changes[:0]
	for _, c := range changes {
		if r, ok := interned[c.old.Key()]; ok {
			out = append(out, change{old: c.old, new: r})
		}
	}
	return out, nil
}

// write stores changes with their sums and counts them in the record of the run.
func (p *repricing) write(ctx context.Context, tx pgx.Tx, changes []change) (Result, error) {
	var res Result
	was, is := make([]calls.Row, len(changes)), make([]calls.Row, len(changes))
	for i := range changes {
		was[i], is[i] = changes[i].old, changes[i].new
	}
	if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '"+lockTimeout+"'"); err != nil {
		return res, database.Describe("set the lock timeout", err)
	}
	done, err := updatePrices(ctx, tx, was, is)
	if err != nil {
		return res, err
	}
	sums := make(rollup.Sums)
	for i := range changes {
		if _, ok := done[was[i].Key()]; ok {
			res.count(&changes[i])
			sums.Add(&was[i], -1)
			sums.Add(&is[i], 1)
		}
	}
	if err := sums.Insert(ctx, tx); err != nil {
		return res, err
	}
	sum := p.pending
	sum.add(&res)
	return res, p.record(ctx, tx, sum, false)
}

// updatePrices returns the keys of the rows that were as was says and are as is says now.
func updatePrices(ctx context.Context, tx pgx.Tx, was, is []calls.Row) (map[calls.RowKey]struct{}, error) {
	keys, old, now := rows.NewKeys(was), rows.NewPrices(was), rows.NewPrices(is)
	first, last := rows.Bounds(was)
	found, err := tx.Query(ctx, query("update_prices"), keys.Projects, keys.Traces, keys.Spans, keys.Starts,
		old.Attributes, old.Costs, now.Attributes, now.Costs, first, last)
	if err != nil {
		return nil, database.Describe("store new prices", err)
	}
	done := make(map[calls.RowKey]struct{}, len(was))
	var k calls.RowKey
	var span int64
	_, err = pgx.ForEachRow(found, []any{&k.ProjectID, &k.TraceID, &span}, func() error {
		k.SpanID = calls.SpanID(span)
		done[k] = struct{}{}
		return nil
	})
	return done, database.Describe("store new prices", err)
}
