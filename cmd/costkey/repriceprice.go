package main

import (
	"slices"
	"time"

	"github.com/costkey/costkey-otel/costing"
	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/usage"
	"github.com/costkey/costkey-otel/usage/wire"
)

// repriceRules are what the user allows beside giving a price.
type repriceRules struct {
	allowUnprice bool // a known cost may become unknown
	useReported  bool // a call without a price costs what its span said, as with the exporter's use_reported_cost
}

// repricer returns what prices stored calls by table, as the exporter does. What it never does:
//
//   - A call that was not billed stays so: that hangs on the answer, not on a price.
//   - A known cost becomes unknown only where rules say so, and one that the span reported not even then: the
//     catalogue knows nothing of it. A price of the catalogue's takes the place of a reported one.
//   - A call is never priced at today's rates, but at those of its own time.
func repricer(table *pricing.Table, rules repriceRules) func(*storage.Call) storage.Priced {
	return func(c *storage.Call) storage.Priced {
		was := storage.PricedAs(c)
		if was.Status == string(pricing.StatusNotBilled) {
			return was
		}
		res := costing.Price(table, spanOf(c))
		is := storage.Priced{
			Status: string(res.Status), Known: costing.Known(res.Status), Model: res.Model, Tier: res.Tier,
			Catalogue: table.Version(), Notes: priceNotes(c.Notes, res.Note),
		}
		switch {
		case is.Known:
			is.Cost = res.Cost
		case was.Known && (!rules.allowUnprice || was.Status == string(pricing.StatusReported)):
			return was
		case rules.useReported && c.HasReported && costing.IsWhole(c.UsageObject):
			is.Status, is.Cost, is.Known = string(pricing.StatusReported), c.ReportedUSD, true
		}
		if is.Tier == "" {
			is.Tier = c.ServiceTier
		}
		return is
	}
}

// spanOf is what a price hangs on, in the words of a span.
func spanOf(c *storage.Call) *genaispan.Call {
	return &genaispan.Call{
		StartNanos: c.StartMicros * int64(time.Microsecond),
		Provider:   c.Provider, Operation: c.Operation, RequestModel: c.RequestModel, ResponseModel: c.ResponseModel,
		ServiceTier: c.ServiceTier, Host: c.Host, Usage: reread(c), ProviderUsage: c.UsageObject,
		HTTPStatus: c.HTTPStatus,
	}
}

// reread is the usage of a stored call as its provider's usage object tells it by today's rules: what an earlier version did not
// read of it counts.
func reread(c *storage.Call) usage.Usage {
	r, _ := wire.Read(c.UsageObject, c.Provider)
	return r.Over(c.Usage)
}

// priceNotes are a call's notes with that of its price now instead of earlier ones.
func priceNotes(notes []string, note string) []string {
	out := slices.DeleteFunc(slices.Clone(notes), func(n string) bool {
		return n != note && pricing.IsNote(n)
	})
	if note != "" && !slices.Contains(out, note) {
		out = append(out, note)
	}
	return out
}
