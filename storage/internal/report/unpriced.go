package report

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/storage/internal/database"
)

// UnpricedModel is a model that calls were made to without a price, since the catalogue does not know it or has no rate
// that fits.
type UnpricedModel struct {
	Provider     string // "" where it is not known, as below
	Model        string // as priced, else as answered, else as asked for
	Status       string // unknown_model or no_price
	Calls        int64
	InputTokens  int64 // of the calls that tell
	OutputTokens int64
	FirstSeen    time.Time // start of the first such call
	LastSeen     time.Time
}

// UnpricedModels lists the models of calls without a price that started at from or later and before to, the most called
// first. An empty project means all.
func UnpricedModels(ctx context.Context, db *database.DB, project string, from, to time.Time) ([]UnpricedModel, error) {
	rows, err := db.Pool().Query(ctx, query("unpriced_models"), project, from, to)
	if err != nil {
		return nil, database.Describe("read models without a price", err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowToStructByPos[UnpricedModel])
	if err != nil {
		return nil, database.Describe("read models without a price", err)
	}
	return out, nil
}
