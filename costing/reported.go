package costing

import (
	"strings"

	"github.com/costkey/costkey-otel/pricing"
)

// IsWhole reports whether the cost that a span says is all that the call cost, by the provider's usage object. OpenRouter's
// of a call with the user's own key for the provider is its fee alone, and what the provider bills beside is not in it.
func IsWhole(usageObject string) bool { return !strings.Contains(usageObject, `"is_byok":true`) }

// Disagree reports whether ours, the cost by the price list, and reported, what the span itself says that the call cost,
// are further apart than 1 % of ours. Where ours is 0 every other figure is; so is a reported 0 where ours is not.
// storage/queries/price_disagreements.sql holds the same rule.
func Disagree(ours, reported pricing.Money) bool {
	gap := distance(ours, reported)
	for _, factor := range [...]int{4, 5, 5} { // a hundredfold, in sums
		part := gap
		for range factor - 1 {
			gap = gap.Add(part)
		}
	}
	return gap.Cmp(distance(ours, pricing.Money{})) > 0
}

// distance is |a − b|.
func distance(a, b pricing.Money) pricing.Money {
	if a.Cmp(b) < 0 {
		return b.Sub(a)
	}
	return a.Sub(b)
}
