package storage

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// PriceChange is the record of one run of [Store.Reprice]. Pointers are nil for NULL.
type PriceChange struct {
	ID                                       int32
	StartedAt                                time.Time
	FinishedAt                               *time.Time // nil while it runs, and where it was cut short
	Actor                                    string     // as the caller named itself
	DBRole                                   string     // as PostgreSQL knew it
	FromTime, ToTime                         time.Time
	Project, Provider, Model                 *string // nil is all
	Catalogue                                string
	CallsSeen                                int64 // of a run cut short: at least
	CallsChanged, NewlyPriced, NewlyUnpriced int64
	CallsSkipped                             int64
	DifferenceUSD                            string // a plain decimal, exact also where the run was cut short
}

// PriceChanges returns the records of all runs, the last one first.
func (s *Store) PriceChanges(ctx context.Context) ([]PriceChange, error) {
	found, err := s.pool.Query(ctx, query("list_price_changes"))
	if err != nil {
		return nil, describe("list price changes", err)
	}
	out, err := pgx.CollectRows(found, pgx.RowToStructByPos[PriceChange])
	if err != nil {
		return nil, describe("list price changes", err)
	}
	return out, nil
}

func (s *Store) beginPriceChange(ctx context.Context, f RepriceFilter, opts RepriceOptions) (int32, error) {
	var id int32
	err := s.pool.QueryRow(ctx, query("begin_price_change"), opts.Actor, f.From, f.To, f.Project, f.Provider, f.Model,
		opts.Catalogue).Scan(&id)
	if err != nil {
		return 0, describe("begin the record of price changes", err)
	}
	return id, nil
}

// recordKeeper is the pool, or the transaction of a batch.
type recordKeeper interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// record counts sum in the record of the run.
func (p *repricing) record(ctx context.Context, db recordKeeper, sum RepriceResult, finished bool) error {
	_, err := db.Exec(ctx, query("add_price_change"), p.id, sum.Seen, sum.Changed, sum.Priced, sum.Unpriced, sum.Skipped,
		sum.Difference.String(), finished)
	if err != nil {
		return describe("record price changes", err)
	}
	return nil
}
