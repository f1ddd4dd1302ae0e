package pricing

import (
	"testing"
	"time"

	"github.com/costkey/costkey-otel/usage"
)

// The traps are cases in which other tools got the bill wrong, each named after the row of the collection they are from.

// priceAt prices a call by the embedded catalogue.
func priceAt(provider, model, tier, when string, u usage.Usage) Result {
	return Embedded().Price(&Query{Provider: provider, ResponseModel: model, ServiceTier: tier, AtNanos: at(when), Usage: &u})
}

func wantCost(t *testing.T, what string, got Result, cost string) {
	t.Helper()
	if got.Status != StatusPriced || got.Cost.String() != cost {
		t.Errorf("%s: %s %s %s, want %s", what, got.Status, got.Cost, got.Reason, cost)
	}
}

const day = "2026-09-23T12:00:00Z" // of the facts

// Cached input was counted on top of the input that includes it: a bill of $914 was shown as $6,467.
func TestTrapB1_CachedInputCountsOnce(t *testing.T) {
	t.Parallel()
	got := priceAt("openai", "gpt-4o", "", day, usage.Usage{Input: known(10_000), CacheRead: known(9_000), Output: known(100)})
	wantCost(t, "1,000 fresh, 9,000 cached, 100 out", got, "0.01475")
}

// Parts that exceed their totals made negative costs, or free input.
func TestTrapB3_PartsBeyondTheTotalAreNeitherNegativeNorFree(t *testing.T) {
	t.Parallel()
	got := priceAt("openai", "gpt-4o", "", day, usage.Usage{Input: known(100), CacheRead: known(9_000), Output: known(0)})
	wantCost(t, "all of the input is cached", got, "0.000125")
}

// Reasoning was added to the output that includes it.
func TestTrapB4_ReasoningCountsOnce(t *testing.T) {
	t.Parallel()
	got := priceAt("openai", "o3", "", day, usage.Usage{Input: known(0), Output: known(1_000), Reasoning: known(900)})
	wantCost(t, "1,000 out, 900 of it reasoning", got, "0.008")
}

// A stream without usage was priced by a guess.
func TestTrapB9_NoUsageIsNoPrice(t *testing.T) {
	t.Parallel()
	if got := priceAt("openai", "gpt-4o", "", day, usage.Usage{}); got.Status != StatusNoUsage || got.Model != "gpt-4o" {
		t.Errorf("got %+v, want no_usage", got)
	}
}

// Cache writes of five minutes and of an hour were priced by the first message's split.
func TestTrapB10_CacheWritesAreEachAtTheirPrice(t *testing.T) {
	t.Parallel()
	split := priceAt("anthropic", "claude-opus-4-8", "", day, usage.Usage{
		Input: known(3_000), CacheWrite: known(3_000), CacheWrite1h: known(1_000), Output: known(0),
	})
	wantCost(t, "2,000 for five minutes, 1,000 for an hour", split, "0.0225")
	if split.Note != "" {
		t.Errorf("the split is known, but noted %q", split.Note)
	}
	unsplit := priceAt("anthropic", "claude-opus-4-8", "", day, usage.Usage{Input: known(3_000), CacheWrite: known(3_000)})
	wantCost(t, "3,000, for how long is not said", unsplit, "0.01875")
	if unsplit.Note != NoteCacheWriteSplit {
		t.Errorf("the split is not known, but noted %q", unsplit.Note)
	}
}

// Cached input was charged at the full rate.
func TestTrapC1_CachedInputHasItsOwnRate(t *testing.T) {
	t.Parallel()
	got := priceAt("openai", "gpt-4o", "", day, usage.Usage{Input: known(1_000), CacheRead: known(800)})
	wantCost(t, "200 at 2.50, 800 at 1.25", got, "0.0015")
	got = priceAt("anthropic", "claude-sonnet-5", "", day, usage.Usage{Input: known(1_000_000), CacheRead: known(1_000_000)})
	wantCost(t, "a million read from Anthropic's cache", got, "0.2")
}

// An unknown model fell to a default rate, 92 times too low.
func TestTrapC2_AnUnknownModelHasNoPrice(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"gpt-7-ultra", "gpt-4o-mini-2099-01-01", "gpt-4o-", "gpt", "o3-mini-2099-01-01"} {
		if got := priceAt("openai", id, "", day, tokens); got.Status != StatusUnknownModel || got.Model != "" || !got.Cost.IsZero() {
			t.Errorf("%s: %+v, want unknown_model", id, got)
		}
	}
}

// An unpriced call looked like a free one.
func TestTrapC3_FreeIsNotUnknown(t *testing.T) {
	t.Parallel()
	if got := priceAt("openrouter", "allenai/molmo-7b-d:free", "", day, tokens); got.Status != StatusFree || !got.Cost.IsZero() {
		t.Errorf("a free model: %+v", got)
	}
	if got := priceAt("openrouter", "allenai/molmo-7b-d:paid", "", day, tokens); got.Status != StatusUnknownModel {
		t.Errorf("one without a price: %+v", got)
	}
	rerank := usage.Usage{Input: known(100)}
	if got := priceAt("cohere", "rerank-v3.5", "", day, rerank); got.Status != StatusNoUsage || got.Reason != "unknown:search_unit" {
		t.Errorf("free tokens of a model that is paid by something that was not told: %+v", got)
	}
}

// The long-context price was taken by the cached tokens alone, or by the tokens that were not cached.
func TestTrapC4_TheSizeIsAllInputOfTheCall(t *testing.T) {
	t.Parallel()
	const sonnet = "claude-sonnet-4-5"
	got := priceAt("anthropic", sonnet, "", day, usage.Usage{Input: known(200_000), CacheRead: known(199_000), Output: known(0)})
	wantCost(t, "200,000 in all: the last of the short calls", got, "0.0627")
	got = priceAt("anthropic", sonnet, "", day, usage.Usage{Input: known(200_001), CacheRead: known(150_000), CacheWrite: known(50_000), Output: known(1_000)})
	wantCost(t, "200,001 in all, few of them fresh: everything is dearer", got, "0.487506")
	got = priceAt("x_ai", "grok-4.3", "", day, usage.Usage{Input: known(200_000)})
	wantCost(t, "200,000 at xAI, where that is already long", got, "0.5")
	got = priceAt("x_ai", "grok-4.3", "", day, usage.Usage{Input: known(199_999)})
	wantCost(t, "one less", got, "0.24999875")
}

// Price lists were stale for weeks, and new models waited for a release.
func TestTrapC5_AgeIsShownAndANewerListNeedsNoRelease(t *testing.T) {
	t.Parallel()
	if age := Embedded().AsOf(); age.Before(time.Date(2026, 9, 23, 0, 0, 0, 0, time.UTC)) || age.Hour() != 0 {
		t.Errorf("the facts are said to be of %s", age)
	}
	newer := load(t, `{"schema":"costkey.prices/1","as_of":"2027-01-31","providers":[
		{"id":"openai","models":[{"id":"gpt-7","rows":[{"rates":{"input":"1","output":"2"}}]}]}]}`)
	q := Query{Provider: "openai", ResponseModel: "gpt-7", AtNanos: at("2027-02-01T00:00:00Z"), Usage: &tokens}
	wantCost(t, "a model of the newer list", newer.Price(&q), "0.003")
	if got := Embedded().Price(&q); got.Status != StatusUnknownModel {
		t.Errorf("by the older list: %+v", got)
	}
	if newer.Version() == Embedded().Version() || newer.AsOf().Format(time.DateOnly) != "2027-01-31" {
		t.Errorf("the newer list is version %s of %s", newer.Version(), newer.AsOf())
	}
}

// Old calls took the price of the day on which they were priced again.
func TestTrapC6_ACallKeepsThePriceOfItsOwnTime(t *testing.T) {
	t.Parallel()
	u := usage.Usage{Input: known(1_000), Output: known(1_000)}
	wantCost(t, "o3 before it was cut", priceAt("openai", "o3", "", "2025-06-09T23:59:59Z", u), "0.05")
	wantCost(t, "o3 since", priceAt("openai", "o3", "", "2025-06-10T00:00:00Z", u), "0.01")
	peak, valley := "2026-09-23T01:00:00Z", "2026-09-23T00:59:59Z" // a Wednesday
	in := usage.Usage{Input: known(1_000_000)}
	wantCost(t, "DeepSeek by day", priceAt("deepseek", "deepseek-v4-pro", "", peak, in), "1.32")
	wantCost(t, "DeepSeek by night", priceAt("deepseek", "deepseek-v4-pro", "", valley, in), "0.66")
}

// A deployment's name stood in the place of the model.
func TestTrapC7_ADeploymentIsPricedByTheAnsweredModel(t *testing.T) {
	t.Parallel()
	q := Query{Provider: "azure.ai.openai", RequestModel: "my-gpt4", ResponseModel: "gpt-4o-2024-11-20", AtNanos: at(day), Usage: &tokens}
	wantCost(t, "answered by gpt-4o-2024-11-20 at Azure's price", Embedded().Price(&q), "0.01375")
	q.ResponseModel = ""
	if got := Embedded().Price(&q); got.Status != StatusUnknownModel {
		t.Errorf("nothing but the deployment's name: %+v", got)
	}
	for _, c := range []struct{ what, provider, asked, answered string }{
		{"a deployment that is named like another model", "azure.ai.openai", "gpt-4", "gpt-7-mini"},
		{"a gateway that fell back to an unlisted model", "openrouter", "openai/gpt-4o", "nobody/gpt-7-mini"},
		{"a Claude that nobody lists", "anthropic", "claude-opus-4-1", "claude-haiku-6"},
		{"a deployment named gpt-4o of a snapshot that nobody lists, while snapshots cost differently", "azure.ai.openai", "gpt-4o", "gpt-4o-2026-03-01"},
		{"an unlisted snapshot of an unlisted model", "azure.ai.openai", "gpt-4o", "gpt-7-2026-03-01"},
	} {
		q := Query{Provider: c.provider, RequestModel: c.asked, ResponseModel: c.answered, AtNanos: at(november), Usage: &tokens}
		if got := Embedded().Price(&q); got.Status != StatusUnknownModel || got.Model != "" {
			t.Errorf("%s: %+v, want unknown_model", c.what, got)
		}
	}
}

func TestTrapC7_AnAnswerThatCanOnlyBeASnapshotHasThePriceOfWhatWasAsked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ what, provider, asked, answered, model, rule string }{
		{"a family", "openai", "gpt-5.6-sol", "gpt-5.6-sol-2026-07-09", "gpt-5.6-sol", "exact+request_model"},
		{"-latest", "anthropic", "claude-3-7-sonnet-latest", "claude-3-7-sonnet-20260101", "claude-3-7-sonnet-latest", "exact+request_model"},
		{"Anthropic's compact date", "anthropic", "claude-opus-5", "claude-opus-5-20260801", "claude-opus-5", "exact+request_model"},
		{"the maker's own name behind Bedrock", "aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929", "au.anthropic.claude-sonnet-4-5-20250929-v1:0", "alias+request_model"},
		{"the same in an ARN", "aws.bedrock", "arn:aws:bedrock:us-east-1:123456789012:inference-profile/global.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", "arn+request_model"},
		{"a date that Vertex AI leaves out", "gcp.vertex_ai", "claude-opus-5", "claude-opus-5-20260801", "claude-opus-5", "exact+request_model"},
		{"a stable version of Gemini", "gcp.gemini", "gemini-2.5-pro", "gemini-2.5-pro-002", "gemini-2.5-pro", "exact+request_model"},
		{"Claude Code's long window", "anthropic", "claude-opus-5[1m]", "claude-opus-5-20260801", "claude-opus-5", "window+request_model"},
		{"Azure, whose deployment has a name of its own", "azure.ai.openai", "ours", "gpt-5.6-sol-2026-07-09", "gpt-5.6-sol", "snapshot"},
		{"Azure, whose deployment is named like its model", "azure.ai.openai", "gpt-5.6-sol", "gpt-5.6-sol-2026-07-09", "gpt-5.6-sol", "snapshot"},
		{"Azure, named like another", "azure.ai.openai", "gpt-4", "gpt-5.6-sol-2026-07-09", "gpt-5.6-sol", "snapshot"},
		{"Claude in Foundry", "azure.ai.inference", "ours", "claude-sonnet-4-5-20250929", "claude-sonnet-4-5", "alias"},
	} {
		q := Query{Provider: c.provider, RequestModel: c.asked, ResponseModel: c.answered, AtNanos: at(november), Usage: &tokens}
		if got := Embedded().Price(&q); got.Model != c.model || got.Rule != c.rule || got.Status != StatusPriced {
			t.Errorf("%s: %s %q by %q, want %q by %q", c.what, got.Status, got.Model, got.Rule, c.model, c.rule)
		}
	}
}

// Sums in floats drifted, and the answer's cost was not the sum of what was shown.
func TestTrapC8_SumsAreExact(t *testing.T) {
	t.Parallel()
	sum := Money{}
	for range 1_000_000 {
		sum = sum.Add(mustMoney(t, "0.000000100000000001"))
	}
	if got := sum.String(); got != "0.100000000001" {
		t.Errorf("a million times 0.000000100000000001 is %s", got)
	}
	got := priceAt("openai", "gpt-4o-mini", "", day, usage.Usage{Input: known(70), Output: known(0)})
	wantCost(t, "a figure that floats show as 0.000010499999999999999", got, "0.0000105")
}

// The requested tier was billed where another one was served, and snapshots had no price in the tiers of their family.
func TestTrapTiers_TheServedTierDecides(t *testing.T) {
	t.Parallel()
	u := usage.Usage{Input: known(1_000_000)}
	wantCost(t, "standard", priceAt("openai", "o3-2025-04-16", "default", day, u), "2")
	flex := priceAt("openai", "o3-2025-04-16", "flex", day, u)
	wantCost(t, "flex, which only the family lists", flex, "1")
	if flex.Rule != "exact+family_tier" || flex.Tier != "flex" || flex.Model != "o3-2025-04-16" {
		t.Errorf("the answer does not say whose row it is: %+v", flex)
	}
	if got := priceAt("openai", "o3-2025-04-16", "flex", "2025-06-01T00:00:00Z", u); got.Status != StatusNoPrice || got.Reason != "no_row:flex" {
		t.Errorf("flex before it was sold: %+v", got)
	}
	wantCost(t, "Anthropic's batch", priceAt("anthropic", "claude-opus-4-8", "batch", day, u), "2.5")
	if got := priceAt("anthropic", "claude-opus-4-8", "priority", day, u); got.Reason != "no_row:priority" {
		t.Errorf("Anthropic's priority, which is sold by capacity: %+v", got)
	}
}

// The same model was priced alike wherever it ran.
func TestTrapWhere_TheProviderDecides(t *testing.T) {
	t.Parallel()
	u := usage.Usage{Input: known(1_000_000)}
	for _, c := range []struct{ provider, model, cost string }{
		{"anthropic", "claude-opus-4-8", "5"},
		{"aws.bedrock", "us.anthropic.claude-opus-4-8", "5.5"},
		{"aws.bedrock", "global.anthropic.claude-opus-4-8", "5"},
		{"openai", "gpt-4o-mini", "0.15"},
		{"azure.ai.openai", "gpt-4o-mini", "0.165"},
	} {
		wantCost(t, c.provider+" "+c.model, priceAt(c.provider, c.model, "", day, u), c.cost)
	}
}
