package costing_test

import (
	"testing"

	"github.com/costkey/costkey-otel/costing"
	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/usage"
	"github.com/costkey/costkey-otel/usage/wire"
)

func TestARerankCostsTheSearchUnitsOfTheProvidersUsage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		operation, object string
		told              usage.Count
		status            pricing.Status
		cost              string
	}{
		"one unit, as Cohere says it":     {"rerank", `{"api_version":{"version":"2"},"billed_units":{"search_units":1}}`, 0, "priced", "0.002"},
		"several, and more behind":        {"rerank", `{"billed_units":{"search_units":3,"input_tokens":9}}`, 0, "priced", "0.006"},
		"others than the span tells":      {"rerank", `{"billed_units":{"search_units":3}}`, usage.Known(2), "priced", "0.006"},
		"those that the span alone tells": {"rerank", `{"billed_units":{"classifications":1}}`, usage.Known(2), "priced", "0.004"},
		"none told":                       {"rerank", `{"billed_units":{"classifications":1}}`, 0, "no_usage", "0"},
		"no object":                       {"rerank", "", 0, "no_usage", "0"},
		"a fraction":                      {"rerank", `{"billed_units":{"search_units":1.5}}`, 0, "no_usage", "0"},
		"less than none":                  {"rerank", `{"billed_units":{"search_units":-1}}`, 0, "no_usage", "0"},
		"torn":                            {"rerank", `{"billed_units":{"search_units":1`, 0, "no_usage", "0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			read, _ := wire.Read(c.object, "cohere")
			call := genaispan.Call{
				Provider: "cohere", Operation: c.operation, RequestModel: "rerank-v3.5", ProviderUsage: c.object,
				Usage: read.Over(usage.Usage{SearchUnits: c.told}), StartNanos: pricing.Embedded().AsOf().UnixNano(),
			}
			res := costing.Price(pricing.Embedded(), &call)
			if res.Status != c.status || res.Cost.String() != c.cost {
				t.Errorf("%s %s (%s), want %s %s", res.Status, res.Cost, res.Reason, c.status, c.cost)
			}
		})
	}
}
