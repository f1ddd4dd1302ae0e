package storage

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/costkey/costkey-otel/pricing"
)

// RepriceFilter says which stored calls are looked at.
type RepriceFilter struct {
	From, To time.Time // of the calls' starts: From inclusive, To exclusive
	Project  string    // slug; "" is all, as below
	Provider string
	Model    string // as priced, as answered or as asked for
}

// Validate reports what [Store.Reprice] refuses.
func (f RepriceFilter) Validate() error {
	if !f.From.Before(f.To) {
		return fmt.Errorf("calls from %s until %s are none: the first time must be before the second",
			f.From.UTC().Format(time.RFC3339), f.To.UTC().Format(time.RFC3339))
	}
	return nil
}

// Priced is what pricing said of a call.
type Priced struct {
	Status    string
	Cost      pricing.Money // meaningful where Known
	Known     bool
	Model     string // the catalogue's id of the model
	Tier      string // the service tier that priced the call, else as served
	Catalogue string // version of the catalogue that priced it
	Notes     []string
}

// Priced returns what c is priced as.
func (c *Call) Priced() Priced {
	return Priced{
		Status: c.CostStatus, Cost: c.CostUSD, Known: c.CostKnown, Model: c.PricedModel, Tier: c.ServiceTier,
		Catalogue: c.Catalogue, Notes: c.Notes,
	}
}

// same reports whether p and o say the same. Which catalogue said so does not matter.
func (p *Priced) same(o *Priced) bool {
	return p.Status == o.Status && p.Known == o.Known && (!p.Known || p.Cost == o.Cost) && p.Model == o.Model &&
		p.Tier == o.Tier && slices.Equal(p.Notes, o.Notes)
}

// RepriceOptions say how [Store.Reprice] works.
type RepriceOptions struct {
	Actor     string      // who wants it, for the record
	Catalogue string      // version of the prices, for the record
	DryRun    bool        // find the difference, write nothing
	Batch     int         // calls a transaction; 0 means 2000
	Progress  func(n int) // is told of each n calls more; may be nil
}

// RepriceResult says what [Store.Reprice] changed, or would change.
type RepriceResult struct {
	Run        int32 // the number of the run in [Store.PriceChanges]; 0 for a dry run
	Seen       int64
	Changed    int64
	Priced     int64         // of Changed: the cost was unknown and is known
	Unpriced   int64         // of Changed: the cost was known and is unknown
	Reported   int64         // of Changed: the cost was what the span said, and is that of a price
	Skipped    int64         // writers changed them, each time they were tried
	Difference pricing.Money // in USD, exactly: what the sum of the known costs grew by
}

func (r *RepriceResult) add(o *RepriceResult) {
	r.Seen += o.Seen
	r.Changed += o.Changed
	r.Priced += o.Priced
	r.Unpriced += o.Unpriced
	r.Reported += o.Reported
	r.Skipped += o.Skipped
	r.Difference = r.Difference.Add(o.Difference)
}

// count counts one changed row.
func (r *RepriceResult) count(c *change) {
	r.Changed++
	was, is := c.old.Call, c.new.Call
	if was.CostKnown {
		r.Difference = r.Difference.Sub(was.CostUSD)
	}
	if is.CostKnown {
		r.Difference = r.Difference.Add(is.CostUSD)
	}
	switch {
	case is.CostKnown && !was.CostKnown:
		r.Priced++
	case was.CostKnown && !is.CostKnown:
		r.Unpriced++
	case was.CostStatus == statusReported && is.CostStatus != statusReported:
		r.Reported++
	}
}

const defaultRepriceBatch = 2000

// Reprice asks price for each stored call of f and stores what differs, with the hourly sums in the same transaction. price
// must not keep or change the call it gets, which has no bodies, session and tags.
//
// It is safe beside writers, maintenance and other runs: a batch changes only rows that are as it read them, reads again
// where some are not, and gives way where it would hold up a writer. A call that is priced the same keeps its row and the
// name of the catalogue that priced it, so that a run that was cut short is gone on with by running it again: what was done
// is found to be as it should. Each run, not a dry one, leaves a record: see [Store.PriceChanges].
//
// With an error comes what was done until then.
func (s *Store) Reprice(ctx context.Context, f RepriceFilter, price func(*Call) Priced, opts RepriceOptions) (RepriceResult, error) {
	var res RepriceResult
	if err := f.Validate(); err != nil {
		return res, err
	}
	if opts.Batch <= 0 {
		opts.Batch = defaultRepriceBatch
	}
	days, err := s.storedDays(ctx)
	if err != nil {
		return res, describe("list partitions", err)
	}
	run := repricing{store: s, filter: f, price: price, opts: opts}
	if !opts.DryRun {
		if run.id, err = s.beginPriceChange(ctx, f, opts); err != nil {
			return res, err
		}
	}
	res.Run = run.id
	slices.Sort(days)
	for _, d := range days {
		if err := run.day(ctx, d, &res); err != nil {
			return res, fmt.Errorf("reprice the calls of %s: %w", d.time().Format(time.DateOnly), err)
		}
	}
	if opts.DryRun {
		return res, nil
	}
	return res, run.record(ctx, s.pool, run.pending, true)
}

// RepriceCount returns how many stored calls f names.
func (s *Store) RepriceCount(ctx context.Context, f RepriceFilter) (int64, error) {
	var n int64
	err := s.pool.QueryRow(ctx, query("count_priced_calls"), f.From, f.To, f.Project, f.Provider, f.Model).Scan(&n)
	if err != nil {
		return 0, describe("count calls", err)
	}
	return n, nil
}
