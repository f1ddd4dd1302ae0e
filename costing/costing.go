// Package costing asks the price of a call that was read from a span. It is the one place where the vocabulary of
// genaispan meets that of pricing: exporter, processor and connector all price through it, so that one call costs the
// same everywhere. It is pure.
package costing

import (
	"strconv"
	"strings"

	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/semconv"
	"github.com/costkey/costkey-otel/usage"
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
	switch c.Provider {
	case semconv.ProviderAnthropic: // Messages API, usage.inference_geo and usage.speed
		q.Residency, q.Speed = word(c.ProviderUsage, `"inference_geo":"`, 'g'), word(c.ProviderUsage, `"speed":"`, 'd')
	case "perplexity": // Sonar API, usage.search_context_size
		q.SearchContext = word(c.ProviderUsage, `"search_context_size":"`, 'z')
	}
	if c.Operation == operationRerank && !c.Usage.SearchUnits.IsKnown() {
		u := c.Usage
		u.SearchUnits = number(c.ProviderUsage, `"search_units":`)
		q.Usage = &u
	}
	return table.Price(&q)
}

// operationRerank is billed by search units, which spans have in the provider's usage object alone: Cohere's
// meta.billed_units.search_units. It has no well-known value in the conventions.
const operationRerank = "rerank"

// number is word for the whole number that follows key; unknown where it is not there.
func number(object, key string) usage.Count {
	i := strings.Index(object, key)
	if i < 0 {
		return 0
	}
	digits := object[i+len(key):]
	end := strings.IndexAny(digits, ",}")
	if end < 0 {
		return 0
	}
	n, err := strconv.ParseInt(digits[:end], 10, 64)
	if err != nil {
		return 0
	}
	return usage.Known(n)
}

// word is the string that follows key in a provider's usage object, which is compact JSON without free text; "" where it
// is not there. What is searched for is the part of the key from rare on, a byte that few keys have: that is faster.
func word(object, key string, rare byte) string {
	at := strings.IndexByte(key, rare)
	head, tail := key[:at], key[at:]
	for before, rest := "", object; ; {
		i := strings.Index(rest, tail)
		if i < 0 {
			return ""
		}
		before, rest = rest[:i], rest[i+len(tail):]
		if strings.HasSuffix(before, head) {
			value, _, _ := strings.Cut(rest, `"`)
			return value
		}
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
