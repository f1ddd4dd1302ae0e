package costkeyexporter

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/costkey/costkey-otel/costing"
	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/storage"
)

// takeReported lets a call without a price cost what its span says that it cost: `use_reported_cost`.
func takeReported(c *storage.Call) {
	if !c.CostKnown && c.HasReported && costing.IsWhole(c.UsageObject) {
		c.CostUSD, c.CostKnown, c.CostStatus = c.ReportedUSD, true, string(pricing.StatusReported)
	}
}

// disagreements counts the calls of a batch whose span says another cost than the price list, by whose price it is. Both
// names are the catalogue's or the price file's, so that there are no more of them than models with a price; a call
// that was not billed may have neither.
type disagreements map[pricedBy]int

type pricedBy struct{ provider, model string }

// note counts c if both its costs are known and disagree. d is made for the first of them: most batches have none.
func (d *disagreements) note(c *storage.Call) {
	if !c.CostKnown || !c.HasReported || !costing.Disagree(c.CostUSD, c.ReportedUSD) {
		return
	}
	if *d == nil {
		*d = make(disagreements)
	}
	by := pricedBy{model: c.PricedModel}
	if c.PricedModel != "" {
		by.provider = c.Provider
	}
	(*d)[by]++
}

func (d disagreements) count(ctx context.Context, counter metric.Int64Counter) {
	for by, n := range d {
		counter.Add(ctx, int64(n), metric.WithAttributeSet(attribute.NewSet(
			attribute.String("provider", by.provider), attribute.String("priced_model", by.model),
		)))
	}
}
