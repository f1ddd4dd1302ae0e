package pricing_test

import (
	"fmt"
	"time"

	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/usage"
)

func ExampleTable_Price() {
	res := pricing.Embedded().Price(&pricing.Query{
		Provider:      "openai",
		ResponseModel: "gpt-4o-2024-08-06",
		AtNanos:       time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC).UnixNano(),
		Usage:         &usage.Usage{Input: usage.Known(1200), CacheRead: usage.Known(1000), Output: usage.Known(300)},
	})
	fmt.Println(res.Status, res.Cost, res.Model, res.Rule)
	// Output: priced 0.00475 gpt-4o-2024-08-06 exact
}

func ExampleTable_Explain() {
	res, lines := pricing.Embedded().Explain(&pricing.Query{
		Provider:      "anthropic",
		ResponseModel: "claude-sonnet-4-5-20250929",
		AtNanos:       time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC).UnixNano(),
		Usage: &usage.Usage{
			Input: usage.Known(250_000), CacheRead: usage.Known(200_000), Output: usage.Known(1000), WebSearches: usage.Known(2),
		},
	})
	for _, l := range lines {
		fmt.Println(l.What, l.Tokens, "at", l.USDPerMillion, "a million:", l.USD)
	}
	fmt.Println(res.Cost)
	// Output:
	// input 50000 at 6 a million: 0.3
	// cached_input 200000 at 0.6 a million: 0.12
	// output 1000 at 22.5 a million: 0.0225
	// web_search 2 at 10000 a million: 0.02
	// 0.4625
}

func ExampleTable_Price_unknown() {
	res := pricing.Embedded().Price(&pricing.Query{
		Provider:      "openai",
		ResponseModel: "gpt-4o-mini-2099-01-01",
		Usage:         &usage.Usage{Input: usage.Known(1200)},
	})
	fmt.Println(res.Status)
	// Output: unknown_model
}
