package costing_test

import (
	"testing"
	"time"

	"github.com/costkey/costkey-otel/costing"
	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/usage"
)

// TestEveryFactOfACallThatMovesItsPriceReachesThePrices holds what the span of a call says besides its counts.
func TestEveryFactOfACallThatMovesItsPriceReachesThePrices(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		call         genaispan.Call
		cost, reason string
	}{
		"nothing told":           {genaispan.Call{Provider: "anthropic", ResponseModel: "claude-sonnet-4-6"}, "0.045", ""},
		"the place in an answer": {genaispan.Call{Provider: "anthropic", ResponseModel: "claude-sonnet-4-6", ProviderUsage: `{"inference_geo":"us"}`}, "0.0495", ""},
		"a place not available":  {genaispan.Call{Provider: "anthropic", ResponseModel: "claude-sonnet-4-6", ProviderUsage: `{"inference_geo":"not_available"}`}, "0.045", ""},
		"a place without a rate": {genaispan.Call{Provider: "anthropic", ResponseModel: "claude-sonnet-4-6", ProviderUsage: `{"inference_geo":"eu"}`}, "0", "no_rate:residency"},
		"the speed":              {genaispan.Call{Provider: "anthropic", ResponseModel: "claude-opus-5", ProviderUsage: `{"speed":"fast"}`}, "0.15", ""},
		"the place of a host":    {genaispan.Call{Provider: "gcp.vertex_ai", RequestModel: "claude-sonnet-4-5@20250929", Host: "us-east5-aiplatform.googleapis.com"}, "0.0495", ""},
		"the global host":        {genaispan.Call{Provider: "gcp.vertex_ai", RequestModel: "claude-sonnet-4-5@20250929", Host: "aiplatform.googleapis.com"}, "0.045", ""},
		"a region without a rate": {genaispan.Call{
			Provider: "aws.bedrock", RequestModel: "amazon.nova-pro-v1:0", Host: "bedrock-runtime.us-gov-west-1.amazonaws.com",
		}, "0", "no_rate:residency"},
		"the size of a search": {genaispan.Call{Provider: "perplexity", ResponseModel: "sonar", ProviderUsage: `{"search_context_size":"high"}`}, "0.023", ""},
		"the served tier":      {genaispan.Call{Provider: "anthropic", ResponseModel: "claude-sonnet-4-6", ServiceTier: "batch"}, "0.0225", ""},
		"the answered model":   {genaispan.Call{Provider: "azure.ai.openai", RequestModel: "gpt-4", ResponseModel: "gpt-5.6-luna"}, "0.0032", ""},
		"an unlisted answer":   {genaispan.Call{Provider: "azure.ai.openai", RequestModel: "gpt-4", ResponseModel: "gpt-7-mini"}, "0", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.call.Usage = usage.Usage{Input: usage.Known(10_000), Output: usage.Known(1_000)}
			c.call.StartNanos = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC).UnixNano()
			if res := costing.Price(pricing.Embedded(), &c.call); res.Cost.String() != c.cost || res.Reason != c.reason {
				t.Errorf("%s %s %q, want %s %q", res.Status, res.Cost, res.Reason, c.cost, c.reason)
			}
		})
	}
}
