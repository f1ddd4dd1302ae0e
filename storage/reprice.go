package storage

import (
	"context"

	"github.com/costkey/costkey-otel/storage/internal/reprice"
)

type (
	// RepriceFilter says which stored calls are looked at.
	RepriceFilter = reprice.Filter
	// RepriceOptions say how [Store.Reprice] works.
	RepriceOptions = reprice.Options
	// RepriceResult says what [Store.Reprice] changed, or would change.
	RepriceResult = reprice.Result
	// Priced is what pricing said of a call.
	Priced = reprice.Priced
	// PriceChange is the record of one run of [Store.Reprice].
	PriceChange = reprice.Record
)

// PricedAs returns what c is priced as.
func PricedAs(c *Call) Priced { return reprice.PricedAs(c) }

// Reprice asks price for each stored call of f and stores what differs, with the hourly sums in the same transaction. price
// must not keep or change the call it gets, which has no bodies.
//
// It is safe beside writers, maintenance and other runs: a batch changes only rows that are as it read them, reads again
// where some are not, and gives way where it would hold up a writer. A call that is priced the same keeps its row and the
// name of the catalogue that priced it, so that a run that was cut short is gone on with by running it again. Each run, not
// a dry one, leaves a record: see [Store.PriceChanges]. With an error comes what was done until then.
func (s *Store) Reprice(ctx context.Context, f RepriceFilter, price func(*Call) Priced, opts RepriceOptions) (RepriceResult, error) {
	return reprice.Run(ctx, reprice.On{DB: s.db, Days: s.days, Interner: s.interner}, f, price, opts)
}

// RepriceCount returns how many stored calls f names.
func (s *Store) RepriceCount(ctx context.Context, f RepriceFilter) (int64, error) {
	return reprice.Count(ctx, s.db, f)
}

// PriceChanges returns the records of all runs, the last one first.
func (s *Store) PriceChanges(ctx context.Context) ([]PriceChange, error) {
	return reprice.Changes(ctx, s.db)
}
