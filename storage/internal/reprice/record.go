package reprice

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/storage/internal/database"
)

// Record is the record of one run. Pointers are nil for NULL.
type Record struct {
	ID                                       int64
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

// Changes returns the records of all runs, the last one first.
func Changes(ctx context.Context, db *database.DB) ([]Record, error) {
	found, err := db.Pool().Query(ctx, query("list_price_changes"))
	if err != nil {
		return nil, database.Describe("list price changes", err)
	}
	out, err := pgx.CollectRows(found, pgx.RowToStructByPos[Record])
	if err != nil {
		return nil, database.Describe("list price changes", err)
	}
	return out, nil
}

func begin(ctx context.Context, db *database.DB, f Filter, opts Options) (int64, error) {
	var id int64
	err := db.Pool().QueryRow(ctx, query("begin_price_change"), opts.Actor, f.From, f.To, f.Project, f.Provider, f.Model,
		opts.Catalogue).Scan(&id)
	if err != nil {
		return 0, database.Describe("begin the record of price changes", err)
	}
	return id, nil
}

// record counts sum in the record of the run.
func (p *repricing) record(ctx context.Context, q database.Queryer, sum Result, finished bool) error {
	_, err := q.Exec(ctx, query("add_price_change"), p.id, sum.Seen, sum.Changed, sum.Priced, sum.Unpriced, sum.Skipped,
		sum.Difference.String(), finished)
	if err != nil {
		return database.Describe("record price changes", err)
	}
	return nil
}
