package pricelist_test

import (
	"os"
	"testing"
	"time"

	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/pricing/pricelist"
	"github.com/costkey/costkey-otel/usage"
)

// FuzzRead looks for documents that break the readers, or become an own price that can't be loaded or gives money back.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"testdata/litellm.json", "testdata/genai-prices.json"} {
		document, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(document)
	}
	for _, seed := range []string{
		`{"m":{"litellm_provider":"p","input_cost_per_token":1e-6,"input_cost_per_token_above_1k_tokens":2e-6}}`,
		`{"m":{"litellm_provider":"p","tiered_pricing":[{"range":[5,1],"input_cost_per_token":1e-6},{"range":[-1,2]},{"range":[1e30,2]}]}}`,
		`{"m":{"litellm_provider":"p","search_context_cost_per_query":{"search_context_size_low":"x"}}}`,
		`[{"id":"p","models":[{"id":"m","match":{"or":[{"starts_with":"-"}]},"prices":[{"prices":{"input_mtok":1}},{"constraint":{"start_date":"2026-01-01"},"prices":{}}]}]}]`,
		`[{"id":"p","models":[{"id":"","match":{},"prices":{"input_mtok":{"base":1,"tiers":[{"start":0,"price":2}]}}}]}]`,
		`[{"id":"p","models":[{"id":"m","prices":[{"constraint":{"start_time":"10:00","end_time":"09:00"},"prices":{"input_mtok":1}}]}]}]`,
		`{"providers":[{"id":"p","models":[{"id":"m","prices":[]},{"id":"M","prices":null,"batch_prices":{"input_mtok":1}}]}]}`,
	} {
		f.Add([]byte(seed))
	}
	now := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, document []byte) {
		models, err := pricelist.Read(document, "", pricelist.Options{Free: true})
		if err != nil {
			return
		}
		var good []pricelist.Model
		for i := range models {
			if m := &models[i]; m.HasPrice() && m.Check() == nil {
				m.Differences(pricing.Embedded(), now)
				m.Loses(pricing.Embedded(), now)
				good = append(good, *m)
			} else if !m.HasPrice() && len(m.Notes) == 0 {
				t.Fatalf("%q is left out in silence", m.Name)
			}
		}
		if len(good) == 0 {
			return
		}
		table := imported(t, good) // what can be loaded alone can be loaded together
		for i := range good {
			res := table.Price(&pricing.Query{
				Provider: good[i].Provider, ResponseModel: good[i].ID, AtNanos: now.UnixNano(),
				Usage: &usage.Usage{Input: usage.Known(1000), Output: usage.Known(10)},
			})
			if res.Cost.Sign() < 0 {
				t.Fatalf("%q costs %s", good[i].Name, res.Cost)
			}
		}
	})
}
