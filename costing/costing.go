// Package costing asks the price of a call that was read from a span. It is the one place where the vocabulary of
// genaispan meets that of pricing: exporter, processor and connector all price through it, so that one call costs the
// same everywhere. It is pure.
package costing

import (
	"strings"

	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/usage/wire"
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
	if !hasWords(c.ProviderUsage) {
		return table.Price(&q)
	}
	r, _ := wire.Read(c.ProviderUsage, c.Provider)
	q.Residency, q.Speed, q.SearchContext = r.Geography, r.Speed, r.SearchSize
	res := table.Price(&q)
	for i := range r.Others {
		addOther(table, q, &r.Others[i], &res)
	}
	return res
}

// hasWords reports whether a usage object may tell more than counts: it is looked for a byte that most objects lack. In
// order: search_context_size, inference_geo, speed, iterations.
func hasWords(object string) bool {
	return strings.Contains(object, `"search_context_size"`) || strings.Contains(object, `"inference_geo"`) ||
		strings.Contains(object, `"speed"`) || strings.Contains(object, `"iterations"`)
}

// addOther adds an inference within the call that is billed by itself, by its own size. Where it has no price, the call has
// none.
func addOther(table *pricing.Table, q pricing.Query, other *wire.Other, res *pricing.Result) {
	if res.Status != pricing.StatusPriced && res.Status != pricing.StatusFree {
		return
	}
	q.Usage = &other.Usage
	if other.Model != "" {
		q.ResponseModel, q.RequestModel = other.Model, ""
	}
	more := table.Price(&q)
	switch more.Status {
	case pricing.StatusPriced:
		res.Cost, res.Status = res.Cost.Add(more.Cost), pricing.StatusPriced
	case pricing.StatusFree:
	default:
		res.Status, res.Reason, res.Cost = pricing.StatusNoPrice, "other_usage:"+string(more.Status), pricing.Money{}
		res.Tier, res.Note, res.Discount = "", "", ""
	}
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
