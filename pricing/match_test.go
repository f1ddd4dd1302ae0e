package pricing

import (
	"strings"
	"testing"

	"github.com/costkey/costkey-otel/usage"
)

// tokens is a usage of a thousand tokens in and out.
var tokens = usage.Usage{Input: usage.Known(1000), Output: usage.Known(1000)}

func TestModelIDsAreFoundByTheirRule(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, provider, id string
		model, rule        string // "" is not found
	}{
		{"the id itself", "openai", "gpt-4o", "gpt-4o", "exact"},
		{"an alias", "openai", "gpt-4o-2024-11-20", "gpt-4o-2024-08-06", "alias"},
		{"another case", "openai", "GPT-4o", "gpt-4o", "case"},
		{"an alias in another case", "anthropic", "Claude-Sonnet-4-5-20250929", "claude-sonnet-4-5", "case"},
		{"spaces around it", "openai", " gpt-4o ", "gpt-4o", "exact"},
		{"an id that has capitals", "together", "deepseek-ai/DeepSeek-V3", "deepseek-ai/DeepSeek-V3", "exact"},
		{"the same in lower case", "together", "deepseek-ai/deepseek-v3", "deepseek-ai/DeepSeek-V3", "case"},
		{"nothing", "openai", "", "", ""},
		{"blank", "openai", "  ", "", ""},

		{"the provider's name in front", "openai", "openai/gpt-4o", "gpt-4o", "prefix"},
		{"Azure's name in front", "azure.ai.openai", "azure/gpt-4o", "gpt-4o", "prefix"},
		{"an Azure data zone, which is dearer", "azure.ai.openai", "azure/eu/gpt-4o", "", ""},
		{"another provider's name in front", "openai", "azure/gpt-4o", "", ""},
		{"the slash in the listed id", "openrouter", "openai/gpt-4o", "openai/gpt-4o", "exact"},
		{"a gateway's name before that", "openrouter", "openrouter/openai/gpt-4o", "openai/gpt-4o", "prefix"},
		{"a variant of a gateway that is not listed", "openrouter", "openai/gpt-4o:nitro", "", ""},
		{"a resource name of the Gemini API", "gcp.gemini", "models/gemini-2.5-pro", "gemini-2.5-pro", "prefix"},
		{"a tuned Gemini model", "gcp.gemini", "tunedModels/my-model", "", ""},
		{"some Google endpoint", "gcp.gen_ai", "gemini-2.5-pro", "gemini-2.5-pro", "exact"},
		{"a publisher's model", "gcp.vertex_ai", "publishers/google/models/gemini-2.5-pro", "gemini-2.5-pro", "prefix"},
		{"a full resource name", "gcp.vertex_ai", "projects/p/locations/us-east1/publishers/anthropic/models/claude-sonnet-4-5@20250929", "claude-sonnet-4-5", "prefix"},
		{"a publisher's model whose id names the publisher", "gcp.vertex_ai", "publishers/meta/models/llama-3.1-405b-instruct-maas", "meta/llama-3.1-405b-instruct-maas", "prefix"},
		{"an endpoint of one's own", "gcp.vertex_ai", "projects/p/locations/l/endpoints/123", "", ""},
		{"a Vertex version, listed", "gcp.vertex_ai", "claude-haiku-4-5@20251001", "claude-haiku-4-5", "alias"},
		{"a Vertex version with a dash", "gcp.vertex_ai", "claude-haiku-4-5-20251001", "claude-haiku-4-5", "at_version"},
		{"an Anthropic snapshot with Vertex's at", "anthropic", "claude-haiku-4-5@20251001", "claude-haiku-4-5", "at_version"},
		{"an OpenAI snapshot with an at", "openai", "gpt-4o@2024-08-06", "gpt-4o-2024-08-06", "at_version"},
		{"Vertex's default version", "gcp.vertex_ai", "claude-opus-4-5@default", "claude-opus-4-5", "at_version"},
		{"a Vertex version that nobody lists", "gcp.vertex_ai", "claude-haiku-4-5@20990101", "", ""},
		{"a Fireworks path", "fireworks", "accounts/fireworks/models/deepseek-r1", "accounts/fireworks/models/deepseek-r1", "exact"},
		{"a Fireworks model without its path", "fireworks", "deepseek-r1", "accounts/fireworks/models/deepseek-r1", "path"},
		{"somebody's own Fireworks model", "fireworks", "accounts/acme/models/deepseek-r1", "", ""},

		{"an inference profile, listed", "aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "au.anthropic.claude-sonnet-4-5-20250929-v1:0", "alias"},
		{"the global one", "aws.bedrock", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", "exact"},
		{"a bare id that may be either", "aws.bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0", "", ""},
		{"a profile of a model that is listed bare", "aws.bedrock", "ca.amazon.nova-premier-v1:0", "amazon.nova-premier-v1:0", "profile"},
		{"a profile whose neighbours cost differently", "aws.bedrock", "jp.amazon.nova-lite-v1:0", "", ""},
		{"a global profile that is not listed", "aws.bedrock", "global.amazon.nova-premier-v1:0", "", ""},
		{"a region's price beside a global one", "aws.bedrock", "openai.gpt-5.6-luna", "openai.gpt-5.6-luna", "exact"},
		{"GovCloud, which has prices of its own", "aws.bedrock", "us-gov.amazon.nova-premier-v1:0", "", ""},
		{"a version that the list leaves out", "aws.bedrock", "us.anthropic.claude-opus-4-8-v1:0", "au.anthropic.claude-opus-4-8", "profile"},
		{"a version that the id leaves out", "aws.bedrock", "us.amazon.nova-lite", "amazon.nova-lite-v1:0", "profile"},
		{"a version that does not exist", "aws.bedrock", "anthropic.claude-v3", "", ""},
		{"a second version", "aws.bedrock", "us.anthropic.claude-opus-4-8-v2:0", "", ""},
		{"two versions that cost differently", "aws.bedrock", "amazon.titan-embed-text", "", ""},
		{"the ARN of a foundation model", "aws.bedrock", "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0", "arn"},
		{"the ARN of a profile", "aws.bedrock", "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0", "eu.amazon.nova-lite-v1:0", "arn"},
		{"the ARN of an application's profile", "aws.bedrock", "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123", "", ""},
		{"the ARN of a provisioned model", "aws.bedrock", "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc123", "", ""},
		{"LiteLLM's name for Bedrock", "aws.bedrock", "bedrock/converse/amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0", "prefix"},

		{"Claude Code's long window", "anthropic", "claude-opus-4-6[1m]", "claude-opus-4-6", "window"},
		{"the same of a dated id", "anthropic", "claude-sonnet-4-5-20250929[1M]", "claude-sonnet-4-5", "window"},
		{"the same at Bedrock", "aws.bedrock", "us.anthropic.claude-opus-4-6-v1[1m]", "au.anthropic.claude-opus-4-6-v1", "window"},
		{"the same of an id that is derived", "aws.bedrock", "us.anthropic.claude-opus-4-8-v1:0[1m]", "au.anthropic.claude-opus-4-8", "profile"},
		{"a long window of nothing", "anthropic", "[1m]", "", ""},
		{"a window that Claude Code does not have", "anthropic", "claude-opus-4-6[2m]", "", ""},

		{"a gateway's dated slug", "openrouter", "anthropic/claude-5-sonnet-20260801", "anthropic/claude-sonnet-5", "slug"},
		{"one that is dated by day", "openrouter", "x-ai/grok-4-07-09", "x-ai/grok-4", "slug"},
		{"one with dashes", "openrouter", "anthropic/claude-sonnet-4-5", "anthropic/claude-sonnet-4.5", "slug"},
		{"one of a free variant that is not listed", "openrouter", "anthropic/claude-5-sonnet-20260801:free", "", ""},
		{"one of a day to come", "openrouter", "anthropic/claude-5-sonnet-20990101", "", ""},
		{"one whose listed snapshots cost differently", "openrouter", "openai/gpt-4o-2026-01-01", "", ""},
		{"one of another maker", "openrouter", "someone/claude-5-sonnet-20260801", "", ""},
		{"Vercel's gateway", "vercel_ai_gateway", "anthropic/claude-sonnet-4-5", "anthropic/claude-sonnet-4.5", "slug"},
		{"Vercel's own form", "vercel_ai_gateway", "anthropic/claude-sonnet-4.5", "anthropic/claude-sonnet-4.5", "exact"},

		{"a fine-tune of a listed snapshot", "openai", "ft:gpt-4o-2024-08-06:acme::AbC123", "ft:gpt-4o-2024-08-06", "fine_tune"},
		{"a checkpoint of one", "openai", "ft:gpt-4.1-mini-2025-04-14:acme:shop:AbC123:ckpt-step-10", "ft:gpt-4.1-mini-2025-04-14", "fine_tune"},
		{"a fine-tune of a family whose snapshots cost the same", "openai", "ft:gpt-4o:acme::AbC123", "ft:gpt-4o-2024-08-06", "fine_tune"},
		{"a fine-tune of a snapshot that is not listed", "openai", "ft:gpt-4o-2099-01-01:acme::AbC123", "", ""},
		{"a fine-tune at a provider that lists none", "azure.ai.openai", "ft:gpt-4o-2024-08-06:acme::AbC123", "", ""},

		{"a snapshot that nobody lists", "openai", "gpt-4o-mini-2099-01-01", "", ""},
		{"a beginning of ids", "openai", "gpt-4", "gpt-4", "exact"},
		{"a beginning that is no id", "anthropic", "claude-sonnet", "", ""},
		{"a longer name", "openai", "gpt-4o-super", "", ""},
		{"a deployment's name", "azure.ai.openai", "my-gpt4", "", ""},
		{"a model of another provider", "openai", "claude-sonnet-4-5", "", ""},
		{"a provider without prices", "ollama", "gpt-4o", "", ""},
		{"an id too long to be one", "openai", strings.Repeat("gpt-4o", 100), "", ""},

		{"no provider, none in the id", "", "gpt-4o", "", ""},
		{"no provider, a Bedrock profile", "", "au.anthropic.claude-sonnet-4-5-20250929-v1:0", "au.anthropic.claude-sonnet-4-5-20250929-v1:0", "exact+provider_prefix"},
		{"no provider, a Bedrock version", "", "deepseek.v3-v1:0", "deepseek.v3-v1:0", "exact+provider_prefix"},
		{"no provider, a Bedrock version without a v", "", "openai.gpt-oss-120b-1:0", "openai.gpt-oss-120b-1:0", "exact+provider_prefix"},
		{"no provider, a name that Oracle has too", "", "meta.llama-3.3-70b-instruct", "", ""},
		{"no provider, a model of Ollama's", "", "llama3.1:8b", "", ""},
		{"no provider, a number after a colon", "", "x.y:1", "", ""},
		{"Claude with a gateway's dots", "anthropic", "anthropic/claude-sonnet-4.5", "claude-sonnet-4-5", "at_version"},

		{"no provider, but the id names it", "", "openai/gpt-4o", "gpt-4o", "prefix+provider_prefix"},
		{"no provider, an ARN", "", "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0", "arn+provider_prefix"},
		{"no provider, a Fireworks path", "", "accounts/fireworks/models/deepseek-r1", "accounts/fireworks/models/deepseek-r1", "exact+provider_prefix"},
		{"no provider, a maker that is none here", "", "meta-llama/Llama-3.3-70B-Instruct", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := Embedded().Price(&Query{Provider: c.provider, ResponseModel: c.id, AtNanos: asOfNanos, Usage: &tokens})
			if got.Model != c.model || got.Rule != c.rule {
				t.Errorf("%s at %q is %q by %q (%s), want %q by %q", c.id, c.provider, got.Model, got.Rule, got.Status, c.model, c.rule)
			}
			if c.model == "" && (got.Status != StatusUnknownModel || !got.Cost.IsZero() || got.Provider != "") {
				t.Errorf("%s at %q is %+v, want an unknown model", c.id, c.provider, got)
			}
		})
	}
}

func TestTheAnsweredModelCountsBeforeTheAskedOne(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, answered, asked string
		model, rule           string
	}{
		{"both are known", "gpt-4o-mini", "gpt-4o", "gpt-4o-mini", "exact"},
		{"only the asked one is known", "my-deployment", "gpt-4o", "", ""},
		{"only the asked one is said", "", "gpt-4o", "gpt-4o", "exact"},
		{"only the answered one is known", "gpt-4o", "my-deployment", "gpt-4o", "exact"},
		{"neither is known", "my-deployment", "my-other", "", ""},
		{"the answer is a snapshot that nobody lists", "gpt-4o-2099-01-01", "gpt-4o", "", ""},
		{"the answer only looks like one", "my-deployment-2099-01-01", "gpt-4o", "", ""},
		{"the answer has no such month", "gpt-4o-2099-13-01", "gpt-4o", "", ""},
		{"the answer is a snapshot of the asked model", "gpt-4o-2026-08-11", "gpt-4o", "gpt-4o", "exact+request_model"},
		{"the same, asked by an alias", "gpt-5.6-luna-2026-08-11", "gpt-5-6-luna", "gpt-5.6-luna", "alias+request_model"},
		{"the same with a date that goes on", "gpt-4o-2026-08-110", "gpt-4o", "", ""},
		{"the answer is a snapshot of another model", "gpt-4o-mini-2026-08-11", "gpt-4o", "", ""},
		{"another snapshot than the asked one", "gpt-4o-2026-08-11", "gpt-4o-2024-05-13", "", ""},
		{"an unlisted model was asked for and answered", "gpt-7-mini", "gpt-7-mini", "", ""},
		{"the numbers stand in another order", "gpt-5.4.2026", "gpt-4.5-preview", "", ""},
	} {
		q := Query{Provider: "openai", ResponseModel: c.answered, RequestModel: c.asked, AtNanos: asOfNanos, Usage: &tokens}
		if got := Embedded().Price(&q); got.Model != c.model || got.Rule != c.rule {
			t.Errorf("%s: %q by %q, want %q by %q", c.name, got.Model, got.Rule, c.model, c.rule)
		}
	}
}

func TestADerivedIDMatchesOnlyWhileItsCandidatesCostTheSame(t *testing.T) {
	t.Parallel()
	table := load(t, `{"schema":"costkey.prices/1","as_of":"2026-01-01","providers":[{"id":"aws.bedrock","models":[
		{"id":"us.x.model-v1:0","rows":[{"until":"2025-06-01","rates":{"input":"1"}},{"from":"2025-06-01","rates":{"input":"2"}}]},
		{"id":"eu.x.model-v1:0","rows":[{"rates":{"input":"1"}},{"tier":"batch","rates":{"input":"0.5"}}]}]}]}`)
	q := Query{Provider: "aws.bedrock", ResponseModel: "jp.x.model-v1:0", Usage: &usage.Usage{Input: usage.Known(1_000_000)}}
	q.AtNanos = at("2025-05-31T23:59:59Z")
	if got := table.Price(&q); got.Status != StatusPriced || got.Cost.String() != "1" || got.Rule != "profile" {
		t.Errorf("while they cost the same: %+v", got)
	}
	q.AtNanos = at("2025-06-01T00:00:00Z")
	if got := table.Price(&q); got.Status != StatusUnknownModel {
		t.Errorf("once they differ: %+v", got)
	}
}

// load reads a catalogue of the test's own.
func load(t testing.TB, doc string) *Table {
	t.Helper()
	table, err := Load(strings.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	return table
}
