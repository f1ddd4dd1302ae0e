package costing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/costkey/costkey-otel/costing"
	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/usage"
	"github.com/costkey/costkey-otel/usage/wire"
)

// TestWhatAUsageObjectTellsMovesThePrice has one case for each fact that a price can hang on.
func TestWhatAUsageObjectTellsMovesThePrice(t *testing.T) {
	t.Parallel()
	const compacted = `{"input_tokens":23000,"output_tokens":1000,"cache_read_input_tokens":0,"cache_creation_input_tokens":0,"iterations":[` +
		`{"type":"compaction","input_tokens":180000,"output_tokens":3500},{"type":"message","input_tokens":23000,"output_tokens":1000}]}`
	const advised = `{"input_tokens":412,"output_tokens":531,"iterations":[{"type":"message","input_tokens":412,"output_tokens":531},` +
		`{"type":"advisor_message","model":"%","input_tokens":823,"output_tokens":1612}]}`
	for name, c := range map[string]struct {
		provider, model, object, status, cost string
	}{
		"plain":          {"anthropic", "claude-opus-4-6", `{"input_tokens":1000,"output_tokens":100}`, "priced", "0.0075"},
		"kept in the US": {"anthropic", "claude-opus-4-6", `{"input_tokens":1000,"output_tokens":100,"inference_geo":"us"}`, "priced", "0.00825"},
		"fast":           {"anthropic", "claude-opus-4-6", `{"input_tokens":1000,"output_tokens":100,"speed":"fast"}`, "priced", "0.045"},
		"a compaction":   {"anthropic", "claude-opus-4-6", compacted, "priced", "1.1275"},
		"an advisor of another model": {
			"anthropic", "claude-haiku-4-5", replace(advised, "claude-opus-4-6"), "priced", "0.047482", // 0.003067 and 0.044415
		},
		"an advisor that nobody knows": {"anthropic", "claude-haiku-4-5", replace(advised, "claude-unheard-of"), "no_price", "0"},
		"written to OpenAI's cache": {
			"openai", "gpt-5.6-sol", `{"input_tokens":3300,"input_tokens_details":{"cache_write_tokens":3207},"output_tokens":10,"total_tokens":3310}`,
			"priced", "0.016607",
		},
		"thoughts in the total alone": {
			"gcp.gemini", "gemini-2.5-flash", `{"prompt_tokens":1000,"completion_tokens":10,"total_tokens":1200}`, "priced", "0.0008",
		},
		"deep research": {
			"perplexity", "sonar-deep-research",
			`{"prompt_tokens":20,"completion_tokens":300,"citation_tokens":1000,"reasoning_tokens":5000,"num_search_queries":12}`,
			"priced", "0.07944", // 20 × 2 + 300 × 8 + 1,000 × 2 + 5,000 × 3 a million, 12 × 5 a thousand
		},
		"a large search context": {
			"perplexity", "sonar", `{"prompt_tokens":20,"completion_tokens":300,"search_context_size":"high","cost":{"input_tokens_cost":2e-05}}`,
			"priced", "0.01232",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			read, _ := wire.Read(c.object, c.provider)
			res := costing.Price(pricing.Embedded(), &genaispan.Call{
				Provider: c.provider, ResponseModel: c.model, Operation: "chat", ProviderUsage: c.object, Usage: read.Over(usage.Usage{}),
				StartNanos: time.Date(2026, 9, 23, 12, 0, 0, 0, time.UTC).UnixNano(),
			})
			assert.Equal(t, c.status, string(res.Status), res.Reason)
			assert.Equal(t, c.cost, res.Cost.String())
		})
	}
}

func replace(object, model string) string {
	for i := range object {
		if object[i] == '%' {
			return object[:i] + model + object[i+1:]
		}
	}
	return object
}
