// Package costing asks the price of a call that was read from a span. It is the one place where the vocabulary of
// genaispan meets that of pricing: exporter, processor and connector all price through it, so that one call costs the
// same everywhere. It is pure.
package costing

import (
	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/pricing"
)

// Price returns what c cost by table, or why that is not known.
func Price(table *pricing.Table, c *genaispan.Call) pricing.Result {
	q := pricing.Query{
		Provider:      c.Provider,
		ResponseModel: c.ResponseModel,
		RequestModel:  c.RequestModel,
		Operation:     c.Operation,
		ServiceTier:   c.ServiceTier,
		Host:          c.Host,
		AtNanos:       c.StartNanos,
		Usage:         &c.Usage,
		Refused:       c.Refused(),
	}
	return table.Price(&q)
}

// Known reports whether a result of this status carries a cost. Where it does not, the cost is unknown, never 0.
func Known(s pricing.Status) bool {
	switch s {
	case pricing.StatusPriced, pricing.StatusFree, pricing.StatusReported, pricing.StatusNotBilled:
		return true
	default:
		return false
	}
}
