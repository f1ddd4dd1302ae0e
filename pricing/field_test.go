package pricing

import (
	"testing"

	"github.com/costkey/costkey-otel/usage"
)

// The cases of this file are bills that users of price lists found wrong, each by the public report that it is from.

// tenThousand is 10,000 tokens in and 1,000 out.
var tenThousand = usage.Usage{Input: known(10_000), Output: known(1_000)}

const november = "2026-11-20T12:00:00Z"

func TestPricesThatListsHadWrongAreRight(t *testing.T) {
	t.Parallel()
	written := usage.Usage{Input: known(10_000), CacheWrite: known(10_000)}
	cached := usage.Usage{Input: known(10_000), CacheRead: known(10_000)}
	for _, c := range []struct {
		what, provider, model, when string
		usage                       usage.Usage
		cost                        string
	}{
		{"Azure's Llama 4 Maverick, swapped (litellm#31532)", "azure.ai.inference", "Llama-4-Maverick-17B-128E-Instruct-FP8", november, tenThousand, "0.0035"},
		{"Azure's GPT-5.6 luna since August (litellm#35841)", "azure.ai.openai", "gpt-5.6-luna", november, tenThousand, "0.0032"},
		{"the same in July", "azure.ai.openai", "gpt-5.6-luna", "2026-07-20T12:00:00Z", tenThousand, "0.016"},
		{"Azure's GPT-5.6 terra since August", "azure.ai.openai", "gpt-5.6-terra", november, tenThousand, "0.032"},
		{"cache writes of Azure's GPT-5.6 (litellm#37631)", "azure.ai.openai", "gpt-5.6-sol", november, written, "0.0625"},
		{"Cohere's small multilingual embeddings, 1,000 times too high", "cohere", "embed-multilingual-light-v3.0", november, usage.Usage{Input: known(10_000)}, "0.001"},
		{"Marengo's, which are sold by the request", "aws.bedrock", "twelvelabs.marengo-embed-2-7-v1:0", november, usage.Usage{Input: known(50)}, "0.00007"},
		{"a cache write of Gemini at OpenRouter: input and storage", "openrouter", "google/gemini-3-flash-preview", november, usage.Usage{Input: known(12_000), CacheWrite: known(12_000)}, "0.007"},
		{"the same of a long call", "openrouter", "google/gemini-3-pro-preview", november, usage.Usage{Input: known(400_000), CacheWrite: known(400_000)}, "1.75"},
		{"a search of Sonnet 5.5", "anthropic", "claude-sonnet-5-5", november, usage.Usage{Input: known(1_000), WebSearches: known(1)}, "0.012"},
		{"GPT-5.6 sol in a region of Bedrock's, as invoiced (litellm#38615)", "aws.bedrock", "openai.gpt-5.6-sol", november, usage.Usage{Input: known(10_000), CacheWrite: known(5_000), Output: known(1_000)}, "0.0949"},
		{"cached text of Azure's gpt-realtime (litellm#37932)", "azure.ai.openai", "gpt-realtime-2025-08-28", november, cached, "0.004"},
	} {
		wantCost(t, c.what, priceAt(c.provider, c.model, "", c.when, c.usage), c.cost)
	}
}

func TestClaudeInTheUnitedStatesCostsATenthMore(t *testing.T) {
	t.Parallel()
	for model, cost := range map[string]string{ // litellm#38369
		"claude-sonnet-4-6": "0.0495", "claude-sonnet-5-5": "0.033", "claude-opus-5-5": "0.066", "claude-fable-5-1": "0.165",
		"claude-opus-4-6": "0.0825",
	} {
		q := Query{Provider: "anthropic", ResponseModel: model, Residency: "us", AtNanos: at(november), Usage: &tenThousand}
		wantCost(t, model, Embedded().Price(&q), cost)
	}
}

func TestALongCallWhosePriceIsNotKnownHasNone(t *testing.T) {
	t.Parallel()
	for _, model := range []string{"openai.gpt-5.4", "openai.gpt-5.5"} { // an invoice has twice the short rate
		got := priceAt("aws.bedrock", model, "", november, usage.Usage{Input: known(300_000)})
		if got.Status != StatusNoPrice || got.Reason != "no_row:size" {
			t.Errorf("%s: %+v", model, got)
		}
	}
}

func TestAGlobalPriceAloneIsNotThatOfARegion(t *testing.T) {
	t.Parallel()
	table := load(t, `{"schema":"costkey.prices/1","as_of":"2026-01-01","providers":[{"id":"aws.bedrock","models":[
		{"id":"global.x.model-v1:0","rows":[{"rates":{"input":"1"}}]}]}]}`)
	for _, id := range []string{"x.model-v1:0", "us.x.model-v1:0"} {
		q := Query{Provider: "aws.bedrock", ResponseModel: id, Usage: &tenThousand}
		if got := table.Price(&q); got.Status != StatusUnknownModel {
			t.Errorf("%s: %+v", id, got)
		}
	}
}
