// Package reprice gives stored calls the costs of other prices.
package reprice

import (
	"context"
	"embed"
	"fmt"
	"slices"
	"time"

	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/storage/internal/calls"
	"github.com/costkey/costkey-otel/storage/internal/database"
	"github.com/costkey/costkey-otel/storage/internal/rows"
	"github.com/costkey/costkey-otel/storage/internal/schema"
)

//go:embed queries/*.sql
var queryFiles embed.FS

func query(name string) string { return rows.StoredSQL(database.Query(queryFiles, name)) }

// On is the database that is worked on.
type On struct {
	DB       *database.DB
	Days     *schema.Days
	Interner *rows.Interner
}

// Filter says which stored calls are looked at.
type Filter struct {
	From, To time.Time // of the calls' starts: From inclusive, To exclusive
	Project  string    // slug; "" is all, as below
	Provider string
	Model    string // as priced, as answered or as asked for
}

// Validate reports what [Run] refuses.
func (f Filter) Validate() error {
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

// PricedAs returns what c is priced as.
func PricedAs(c *calls.Call) Priced {
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

// Options say how [Run] works.
type Options struct {
	Actor     string      // who wants it, for the record
	Catalogue string      // version of the prices, for the record
	DryRun    bool        // find the difference, write nothing
	Batch     int         // calls a transaction; 0 means 2000
	Progress  func(n int) // is told of each n calls more; may be nil
}

// Result says what [Run] changed, or would change.
type Result struct {
	Run        int64 // the number of the run in [Changes]; 0 for a dry run
	Seen       int64
	Changed    int64
	Priced     int64         // of Changed: the cost was unknown and is known
	Unpriced   int64         // of Changed: the cost was known and is unknown
	Reported   int64         // of Changed: the cost was what the span said, and is that of a price
	Skipped    int64         // writers changed them, each time they were tried
	Difference pricing.Money // in USD, exactly: what the sum of the known costs grew by
}

func (r *Result) add(o *Result) {
	r.Seen += o.Seen
	r.Changed += o.Changed
	r.Priced += o.Priced
	r.Unpriced += o.Unpriced
	r.Reported += o.Reported
	r.Skipped += o.Skipped
	r.Difference = r.Difference.Add(o.Difference)
}

// count counts one changed row.
func (r *Result) count(c *change) {
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
	case was.CostStatus == calls.StatusReported && is.CostStatus != calls.StatusReported:
		r.Reported++
	}
}

const defaultBatch = 2000

// Run asks price for each stored call of f and stores what differs, with the hourly sums in the same transaction. price
// must not keep or change the call it gets, which has no bodies, session and tags.
//
// It is safe beside writers, maintenance and other runs: a batch changes only rows that are as it read them, reads again
// where some are not, and gives way where it would hold up a writer. A call that is priced the same keeps its row and the
// name of the catalogue that priced it, so that a run that was cut short is gone on with by running it again: what was done
// is found to be as it should. Each run, not a dry one, leaves a record: see [Changes].
//
// With an error comes what was done until then.
func Run(ctx context.Context, on On, f Filter, price func(*calls.Call) Priced, opts Options) (Result, error) {
	var res Result
	if err := f.Validate(); err != nil {
		return res, err
	}
	if opts.Batch <= 0 {
		opts.Batch = defaultBatch
	}
	days, err := on.Days.Stored(ctx)
	if err != nil {
		return res, err
	}
	run := repricing{On: on, filter: f, price: price, opts: opts}
	if !opts.DryRun {
		if run.id, err = begin(ctx, on.DB, f, opts); err != nil {
			return res, err
		}
	}
	res.Run = run.id
	for _, d := range days {
		if err := run.day(ctx, d, &res); err != nil {
			return res, fmt.Errorf("reprice the calls of %s: %w", d, err)
		}
	}
	if opts.DryRun {
		return res, nil
	}
	return res, run.record(ctx, on.DB.Pool(), run.pending, true)
}

// Count returns how many stored calls f names.
func Count(ctx context.Context, db *database.DB, f Filter) (int64, error) {
	var n int64
	err := db.Pool().QueryRow(ctx, query("count_priced_calls"), f.From, f.To, f.Project, f.Provider, f.Model).Scan(&n)
	if err != nil {
		return 0, database.Describe("count calls", err)
	}
	return n, nil
}
