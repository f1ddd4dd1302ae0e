package storage

import (
	"context"
	"time"

	"github.com/costkey/costkey-otel/storage/internal/report"
)

type (
	// FunctionCost is what one function spent.
	FunctionCost = report.FunctionCost
	// UnpricedModel is a model that calls were made to without a price.
	UnpricedModel = report.UnpricedModel
	// PriceDisagreement sums the calls of one model whose span said another cost than the price list.
	PriceDisagreement = report.PriceDisagreement
)

// CostByFunction lists what each function spent on calls that started at since or later, dearest first. An empty project
// means all.
func (s *Store) CostByFunction(ctx context.Context, project string, since time.Time) ([]FunctionCost, error) {
	return report.CostByFunction(ctx, s.db, project, since)
}

// CountCalls counts the calls that started at since or later. An empty project means all.
func (s *Store) CountCalls(ctx context.Context, project string, since time.Time) (int64, error) {
	return report.CountCalls(ctx, s.db, project, since)
}

// UnpricedModels lists the models of calls without a price that started at from or later and before to, the most called
// first. An empty project means all.
func (s *Store) UnpricedModels(ctx context.Context, project string, from, to time.Time) ([]UnpricedModel, error) {
	return report.UnpricedModels(ctx, s.db, project, from, to)
}

// PriceDisagreements lists the models of calls whose span says a cost that is more than 1 % of ours off ours, of those that
// started at from or later and before to, the largest difference first. An empty project means all.
func (s *Store) PriceDisagreements(ctx context.Context, project string, from, to time.Time) ([]PriceDisagreement, error) {
	return report.PriceDisagreements(ctx, s.db, project, from, to)
}
