package storage

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/costkey/costkey-otel/pricing"
)

// repriceTries is how often a batch is tried while others write its rows.
const repriceTries = 8

// repriceLockTimeout is below PostgreSQL's deadlock_timeout of 1 s: a run that locked rows a writer waits for and waits for
// rows of that writer gives way before PostgreSQL breaks the circle, maybe at the writer's cost.
const repriceLockTimeout = "500ms"

// repricing is one run.
type repricing struct {
	store   *Store
	filter  RepriceFilter
	price   func(*Call) Priced
	opts    RepriceOptions
	id      int32
	pending RepriceResult // counts that the record lacks
}

// change is one row that is priced differently now.
type change struct{ old, new row }

// day goes through the calls of one day in the order of their keys.
func (p *repricing) day(ctx context.Context, d day, res *RepriceResult) error {
	from, to := d.time(), (d + 1).time()
	if from.Before(p.filter.From) {
		from = p.filter.From
	}
	if to.After(p.filter.To) {
		to = p.filter.To
	}
	after := rowKey{span: spanBytes(-1 << 63)} // the least, as the database sorts
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
func (p *repricing) batch(ctx context.Context, from, to time.Time, after *rowKey) (RepriceResult, error) {
	var total RepriceResult
	for try := 1; ; try++ {
		rows, err := p.page(ctx, from, to, after)
		if err != nil || len(rows) == 0 {
			return total, err
		}
		got, raced, err := p.apply(ctx, rows)
		total.add(&got)
		if err != nil && !isGivingWay(err) {
			return total, err
		}
		if raced == 0 || try == repriceTries {
			rest := RepriceResult{Seen: int64(len(rows)), Skipped: raced}
			total.add(&rest)
			p.pending.add(&rest)
			*after = rows[len(rows)-1].key()
			return total, nil
		}
	}
}

// isGivingWay reports whether others were at the rows of a batch: it is read again.
func isGivingWay(err error) bool {
	var pg *pgconn.PgError
	return isRaced(err) || isDeadlock(err) || isMissingTable(err) || errors.As(err, &pg) && pg.Code == "55P03" // lock_not_available
}

// page reads the next calls.
func (p *repricing) page(ctx context.Context, from, to time.Time, after *rowKey) ([]row, error) {
	f := &p.filter
	found, err := p.store.pool.Query(ctx, query("page_calls"), from, to, after.trace, spanNumber(after.span), after.project,
		f.Project, f.Provider, p.opts.Batch, f.Model)
	if err != nil {
		return nil, describe("read calls", err)
	}
	rows, err := pgx.CollectRows(found, func(r pgx.CollectableRow) (row, error) {
		s, err := pgx.RowToStructByNameLax[storedCall](r)
		if err != nil {
			return row{}, err
		}
		return s.row()
	})
	if err != nil {
		return nil, describe("read calls", err)
	}
	return rows, nil
}

// apply prices rows and stores what differs. raced is how many of those it left as they are, since others changed them.
func (p *repricing) apply(ctx context.Context, rows []row) (res RepriceResult, raced int64, err error) {
	changes := p.changes(rows)
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
	if changes, err = p.number(ctx, changes); err != nil || len(changes) == 0 {
		return res, raced, err
	}
	err = pgx.BeginFunc(ctx, p.store.pool, func(tx pgx.Tx) error {
		res, err = p.write(ctx, tx, changes)
		return err
	})
	if err != nil {
		return RepriceResult{}, raced, err
	}
	p.pending = RepriceResult{}
	return res, raced - res.Changed, nil
}

// changes returns the rows that are priced differently.
func (p *repricing) changes(rows []row) []change {
	var out []change
	for i := range rows {
		old := &rows[i]
		was, is := old.Priced(), p.price(old.Call)
		if was.same(&is) {
			continue
		}
		c := *old.Call
		c.CostStatus, c.CostUSD, c.CostKnown, c.PricedModel = is.Status, is.Cost, is.Known, is.Model
		c.ServiceTier, c.Catalogue, c.Notes = is.Tier, is.Catalogue, is.Notes
		if !c.CostKnown {
			c.CostUSD = pricing.Money{}
		}
		out = append(out, change{old: *old, new: row{
			Call: &c, project: old.project, path: old.path, tagset: old.tagset,
		}})
	}
	return out
}

// number gives the new rows their numbers, and leaves out those that name something PostgreSQL refuses.
func (p *repricing) number(ctx context.Context, changes []change) ([]change, error) {
	rows := make([]row, len(changes))
	for i := range changes {
		rows[i] = changes[i].new
	}
	rows, err := p.store.intern(ctx, rows, new(WriteResult))
	if err != nil {
		return nil, err
	}
	numbered := make(map[rowKey]row, len(rows))
	for i := range rows {
		numbered[rows[i].key()] = rows[i]
	}
	out := changes[:0]
	for _, c := range changes {
		if r, ok := numbered[c.old.key()]; ok {
			out = append(out, change{old: c.old, new: r})
		}
	}
	return out, nil
}

// write stores changes with their sums and counts them in the record of the run.
func (p *repricing) write(ctx context.Context, tx pgx.Tx, changes []change) (RepriceResult, error) {
	var res RepriceResult
	was, is := make([]row, len(changes)), make([]row, len(changes))
	for i := range changes {
		was[i], is[i] = changes[i].old, changes[i].new
	}
	if err := p.store.checkNumbers(is); err != nil {
		return res, err
	}
	if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '"+repriceLockTimeout+"'"); err != nil {
		return res, describe("set the lock timeout", err)
	}
	done, err := updatePrices(ctx, tx, was, is)
	if err != nil {
		return res, err
	}
	sums := make(hourly)
	for i := range changes {
		if _, ok := done[was[i].key()]; ok {
			res.count(&changes[i])
			sums.add(&was[i], -1)
			sums.add(&is[i], 1)
		}
	}
	if err := insertSums(ctx, tx, sums); err != nil {
		return res, err
	}
	sum := p.pending
	sum.add(&res)
	return res, p.record(ctx, tx, sum, false)
}

// updatePrices returns the keys of the rows that were as was says and are as is says now.
func updatePrices(ctx context.Context, tx pgx.Tx, was, is []row) (map[rowKey]struct{}, error) {
	keys, old, now := newKeyArrays(was), newPriceArrays(was), newPriceArrays(is)
	first, last := startBounds(was)
	found, err := tx.Query(ctx, query("update_prices"), keys.projects, keys.traces, keys.spans, keys.starts,
		old.cells, old.variants, old.costs, now.cells, now.variants, now.costs, first, last)
	if err != nil {
		return nil, describe("store new prices", err)
	}
	done := make(map[rowKey]struct{}, len(was))
	var k rowKey
	var span int64
	_, err = pgx.ForEachRow(found, []any{&k.project, &k.trace, &span}, func() error {
		k.span = spanBytes(span)
		done[k] = struct{}{}
		return nil
	})
	if err != nil {
		return nil, describe("store new prices", err)
	}
	return done, nil
}

// priceArrays are what a price decides of rows, column by column. Rows that are alike in them count the same in the sums.
type priceArrays struct {
	cells, variants []int32
	costs           []*string // nil is not known
}

func newPriceArrays(rows []row) priceArrays {
	p := priceArrays{
		cells: make([]int32, len(rows)), variants: make([]int32, len(rows)), costs: make([]*string, len(rows)),
	}
	for i := range rows {
		p.cells[i], p.variants[i] = rows[i].cell, rows[i].variant
		if rows[i].CostKnown {
			p.costs[i] = ptr(rows[i].CostUSD.String())
		}
	}
	return p
}
