package report

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/storage/internal/database"
)

// PriceDisagreement sums the calls of one model whose span said another cost than the price list. Amounts are plain
// decimals in USD, exact.
type PriceDisagreement struct {
	Provider          string // "" where it is not known, as below
	PricedModel       string // "" of calls that were not billed, to a model that the price list does not know
	Calls             int64
	CostUSD           string  // by the price list
	ReportedUSD       string  // as the spans say
	DifferenceUSD     string  // the second less the first
	DifferencePercent *string // of CostUSD, with two decimals; nil where that is 0
}

// PriceDisagreements lists the models of calls whose span says a cost that is more than 1 % of ours off ours, of those that
// started at from or later and before to, the largest difference first. Where ours is 0 every other cost is, and a 0 is
// where ours is not. An empty project means all.
func PriceDisagreements(ctx context.Context, db *database.DB, project string, from, to time.Time) ([]PriceDisagreement, error) {
	rows, err := db.Pool().Query(ctx, query("price_disagreements"), project, from, to)
	if err != nil {
		return nil, database.Describe("read calls that say another cost", err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowToStructByPos[PriceDisagreement])
	if err != nil {
		return nil, database.Describe("read calls that say another cost", err)
	}
	return out, nil
}
