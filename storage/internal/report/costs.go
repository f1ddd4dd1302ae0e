package report

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/costkey/costkey-otel/storage/internal/database"
)

// FunctionCost is what one function spent. CostUSD is a plain decimal, nil where no call of it has a price.
type FunctionCost struct {
	Function      string // "" where the calls don't say
	File          string
	Calls         int64
	UnpricedCalls int64
	InputTokens   int64
	OutputTokens  int64
	CostUSD       *string
}

// CostByFunction lists what each function spent on calls that started at since or later, dearest first. An empty project
// means all.
func CostByFunction(ctx context.Context, db *database.DB, project string, since time.Time) ([]FunctionCost, error) {
	rows, err := db.Pool().Query(ctx, query("cost_by_function"), project, since)
	if err != nil {
		return nil, database.Describe("read costs by function", err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowToStructByPos[FunctionCost])
	if err != nil {
		return nil, database.Describe("read costs by function", err)
	}
	return out, nil
}

// CountCalls counts the calls that started at since or later. An empty project means all.
func CountCalls(ctx context.Context, db *database.DB, project string, since time.Time) (int64, error) {
	var n int64
	err := db.Pool().QueryRow(ctx, query("count_calls"), project, since).Scan(&n)
	if err != nil {
		return 0, database.Describe("count calls", err)
	}
	return n, nil
}
