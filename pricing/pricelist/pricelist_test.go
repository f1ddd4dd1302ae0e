package pricelist_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/pricing/pricelist"
	"github.com/costkey/costkey-otel/usage"
)

const noPrices = `{"schema":"costkey.prices/1","as_of":"2026-01-01","providers":[]}`

func read(t *testing.T, name string, format pricelist.Format) []pricelist.Model {
	t.Helper()
	document, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	found, err := pricelist.Recognise(document)
	require.NoError(t, err)
	assert.Equal(t, format, found)
	models, err := pricelist.Read(document, "", pricelist.Options{})
	require.NoError(t, err)
	return models
}

// imported is what the exporter makes of the list.
func imported(t *testing.T, models []pricelist.Model) *pricing.Table {
	t.Helper()
	file, err := pricelist.YAML(models, "imported")
	require.NoError(t, err)
	table, err := pricing.LoadWithOwn(strings.NewReader(noPrices), file)
	require.NoError(t, err, "%s", file)
	return table
}

// call is a call and what it costs by the figures of the list, reckoned by hand.
type call struct {
	name, provider, model, tier, at, context string
	usage                                    usage.Usage
	cost                                     string
}

func n(count int64) usage.Count { return usage.Known(count) }

func checkCalls(t *testing.T, table *pricing.Table, calls []call) {
	t.Helper()
	for _, c := range calls {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			at := time.Date(2026, 2, 2, 12, 0, 0, 0, time.UTC)
			if c.at != "" {
				var err error
				at, err = time.Parse(time.RFC3339, c.at)
				require.NoError(t, err)
			}
			res := table.Price(&pricing.Query{
				Provider: c.provider, ResponseModel: c.model, ServiceTier: c.tier, SearchContext: c.context, AtNanos: at.UnixNano(), Usage: &c.usage,
			})
			assert.Equal(t, pricing.StatusPriced, res.Status, res.Reason)
			assert.Equal(t, c.cost, res.Cost.String())
		})
	}
}

func TestACallCostsWhatTheLiteLLMMapSays(t *testing.T) {
	t.Parallel()
	checkCalls(t, imported(t, read(t, "litellm.json", pricelist.LiteLLM)), []call{
		{name: "input and output", provider: "anthropic", model: "quill-2", usage: usage.Usage{Input: n(1000), Output: n(10)}, cost: "0.00315"},
		{
			name: "every part of the input at its rate", provider: "anthropic", model: "quill-2",
			usage: usage.Usage{Input: n(100_000), CacheRead: n(50_000), CacheWrite: n(30_000), CacheWrite1h: n(10_000)},
			// 20,000 × 3e-6 + 50,000 × 3e-7 + 20,000 × 3.75e-6 + 10,000 × 6e-6
			cost: "0.21",
		},
		{name: "at the limit the small rate holds", provider: "anthropic", model: "quill-2", usage: usage.Usage{Input: n(200_000), Output: n(1000)}, cost: "0.615"},
		{
			name: "above it the large rate holds for all", provider: "anthropic", model: "quill-2",
			usage: usage.Usage{Input: n(200_001), CacheRead: n(200_000), Output: n(1000)}, cost: "0.142506",
		},
		{name: "a batch", provider: "anthropic", model: "quill-2", tier: "batch", usage: usage.Usage{Input: n(1000), Output: n(10)}, cost: "0.001575"},
		{name: "a search", provider: "anthropic", model: "quill-2", usage: usage.Usage{Input: n(0), WebSearches: n(3)}, cost: "0.03"},
		{name: "a search in a batch", provider: "anthropic", model: "quill-2", tier: "batch", usage: usage.Usage{Input: n(0), WebSearches: n(3)}, cost: "0.03"},
		{name: "the provider's name is cut", provider: "openai", model: "lyre-5", usage: usage.Usage{Input: n(1_000_000 / 8)}, cost: "0.15625"},
		{name: "flex", provider: "openai", model: "lyre-5", tier: "flex", usage: usage.Usage{Input: n(1000), CacheRead: n(1000), Output: n(100)}, cost: "0.0005625"},
		{name: "flex above a size", provider: "openai", model: "lyre-5", tier: "flex", usage: usage.Usage{Input: n(300_000)}, cost: "0.375"},
		{name: "priority above a size, named the other way round", provider: "openai", model: "lyre-5", tier: "priority", usage: usage.Usage{Input: n(300_000)}, cost: "1.5"},
		{name: "reasoning at the price of output follows it", provider: "openai", model: "lyre-5", tier: "flex", usage: usage.Usage{Input: n(0), Output: n(1000), Reasoning: n(900)}, cost: "0.005"},
		{name: "audio, of a figure in quotes", provider: "openai", model: "lyre-5", usage: usage.Usage{Input: n(1000), AudioInput: n(1000), Output: n(100), AudioOutput: n(100)}, cost: "0.048"},
		{name: "a search of high context", provider: "openai", model: "lyre-5", context: "high", usage: usage.Usage{Input: n(0), WebSearches: n(1)}, cost: "0.05"},
		{name: "a search of context not told", provider: "openai", model: "lyre-5", usage: usage.Usage{Input: n(0), WebSearches: n(1)}, cost: "0.03"},
		{name: "file search and a session", provider: "openai", model: "lyre-5", usage: usage.Usage{Input: n(0), FileSearches: n(2), CodeSessions: n(1)}, cost: "0.035"},
		{name: "an Azure zone", provider: "azure.ai.openai", model: "azure/eu/lyre-5", usage: usage.Usage{Input: n(8000)}, cost: "0.011"},
		{name: "reasoning at a price of its own", provider: "gcp.gemini", model: "sonde-3", usage: usage.Usage{Input: n(0), Output: n(1000), Reasoning: n(1000)}, cost: "0.009"},
		{name: "the same model elsewhere", provider: "gcp.vertex_ai", model: "sonde-3", usage: usage.Usage{Input: n(10_000)}, cost: "0.011"},
		{name: "the first band", provider: "dashscope", model: "lotus-max", usage: usage.Usage{Input: n(32_000), Output: n(1)}, cost: "0.038406"},
		{name: "the last band", provider: "dashscope", model: "lotus-max", usage: usage.Usage{Input: n(32_001), CacheRead: n(32_001), Output: n(1)}, cost: "0.01537248"},
		{name: "below xAI's limit", provider: "x_ai", model: "sprite-4", usage: usage.Usage{Input: n(199_999)}, cost: "0.599997"},
		{name: "at xAI's limit, which is inclusive", provider: "x_ai", model: "sprite-4", usage: usage.Usage{Input: n(200_000)}, cost: "1.2"},
		{name: "Perplexity's fee by request", provider: "perplexity", model: "delve", context: "medium", usage: usage.Usage{Input: n(0), Output: n(1000), Citation: n(500)}, cost: "0.015"},
		{name: "a rerank", provider: "cohere", model: "rank-4", usage: usage.Usage{SearchUnits: n(3)}, cost: "0.006"},
		{name: "pages", provider: "mistral_ai", model: "scan-2", usage: usage.Usage{Pages: n(7)}, cost: "0.007"},
		{name: "images", provider: "openai", model: "brush-2", usage: usage.Usage{Images: n(2)}, cost: "0.08"},
		{name: "characters", provider: "openai", model: "mouth-1", usage: usage.Usage{InputCharacters: n(200)}, cost: "0.003"},
		{name: "the shorter name counts", provider: "groq", model: "twice", usage: usage.Usage{Input: n(1000)}, cost: "0.001"},
		{name: "a provider that nobody knows", provider: "homelab", model: "llama", usage: usage.Usage{Input: n(1000)}, cost: "0.0001"},
	})
}

func TestACallCostsWhatGenAIPricesSays(t *testing.T) {
	t.Parallel()
	checkCalls(t, imported(t, read(t, "genai-prices.json", pricelist.GenAIPrices)), []call{
		{name: "before a new price", provider: "anthropic", model: "quill-2", at: "2026-03-12T23:59:59Z", usage: usage.Usage{Input: n(200_001), Output: n(10)}, cost: "1.200231"},
		{name: "after it", provider: "anthropic", model: "quill-2", at: "2026-03-13T00:00:00Z", usage: usage.Usage{Input: n(200_001), Output: n(10)}, cost: "0.600153"},
		{name: "at the limit of a tier", provider: "anthropic", model: "quill-2", usage: usage.Usage{Input: n(200_000), CacheRead: n(200_000)}, cost: "0.06"},
		{name: "cache writes", provider: "anthropic", model: "quill-2", usage: usage.Usage{Input: n(2000), CacheWrite: n(2000), CacheWrite1h: n(1000)}, cost: "0.00975"},
		{name: "cache writes above the limit", provider: "anthropic", model: "quill-2", usage: usage.Usage{Input: n(300_000), CacheWrite: n(300_000), CacheWrite1h: n(300_000)}, cost: "3.6"},
		{name: "an exact id of the logic", provider: "anthropic", model: "quill-latest", usage: usage.Usage{Input: n(1000)}, cost: "0.003"},
		{name: "a batch", provider: "anthropic", model: "quill-2", tier: "batch", usage: usage.Usage{Input: n(1000), Output: n(10)}, cost: "0.001575"},
		{name: "a batch above the limit, where it has no tier", provider: "anthropic", model: "quill-2", tier: "batch", usage: usage.Usage{Input: n(300_000), CacheRead: n(100_000)}, cost: "0.36"},
		{name: "what a batch does not say is the standard", provider: "anthropic", model: "quill-2", tier: "batch", usage: usage.Usage{Input: n(0), WebSearches: n(1)}, cost: "0.01"},
		{name: "by day", provider: "deepseek", model: "night", at: "2026-02-02T16:29:59Z", usage: usage.Usage{Input: n(1000), CacheRead: n(500)}, cost: "0.00017"},
		{name: "from the evening on", provider: "deepseek", model: "night", at: "2026-02-02T16:30:00Z", usage: usage.Usage{Input: n(1000), CacheRead: n(500)}, cost: "0.000085"},
		{name: "late", provider: "deepseek", model: "night", at: "2026-02-02T23:00:00Z", usage: usage.Usage{Input: n(1000)}, cost: "0.00027"},
		{name: "after midnight", provider: "deepseek", model: "night", at: "2026-02-03T00:29:59Z", usage: usage.Usage{Input: n(1000)}, cost: "0.0001"},
		{name: "the last condition that holds", provider: "deepseek", model: "night", at: "2026-06-01T17:00:00Z", usage: usage.Usage{Input: n(1000)}, cost: "0.0003"},
		{
			name: "modalities", provider: "gcp.gemini", model: "sonde-3",
			usage: usage.Usage{Input: n(4000), AudioInput: n(1000), ImageInput: n(1000), VideoInput: n(1000), Output: n(300), Reasoning: n(100), ImageOutput: n(100)},
			// 1000 × (1 + 3 + 1.2 + 1.4) + 100 × (4 + 4.5 + 30), per million
			cost: "0.01045",
		},
		{name: "cached audio", provider: "gcp.gemini", model: "sonde-3", usage: usage.Usage{Input: n(1000), CacheRead: n(1000), AudioInput: n(1000), CachedAudioInput: n(1000)}, cost: "0.0003"},
		{name: "requests and citations", provider: "perplexity", model: "delve", usage: usage.Usage{Input: n(0), Output: n(1000), Citation: n(500)}, cost: "0.017"},
		{name: "pages", provider: "mistral_ai", model: "scan-2", usage: usage.Usage{Pages: n(3)}, cost: "0.003"},
		{name: "text where there is nothing else", provider: "mistral_ai", model: "text-only", usage: usage.Usage{Input: n(1000), Output: n(1000)}, cost: "0.0035"},
		{name: "one of Azure OpenAI's", provider: "azure.ai.openai", model: "gpt-4o", usage: usage.Usage{Input: n(1000)}, cost: "0.00275"},
		{name: "one of Azure AI Foundry's", provider: "azure.ai.inference", model: "FLUX-1.1-pro", usage: usage.Usage{Input: n(0)}, cost: "0.04"},
		{name: "Anthropic's at Google", provider: "gcp.vertex_ai", model: "claude-quill", usage: usage.Usage{Input: n(1000)}, cost: "0.003"},
		{name: "just above a limit as it is written", provider: "x_ai", model: "sprite-4", usage: usage.Usage{Input: n(200_000)}, cost: "1.2"},
		{name: "a rerank", provider: "cohere", model: "rank-4", usage: usage.Usage{SearchUnits: n(1)}, cost: "0.002"},
	})
}

func notesOf(models []pricelist.Model, provider, name string) string {
	for i := range models {
		if models[i].Provider == provider && models[i].Name == name {
			return strings.Join(models[i].Notes, "\n")
		}
	}
	return "no such model"
}

func TestWhatAListSaysAndOwnPricesCannotIsTold(t *testing.T) {
	t.Parallel()
	litellm, genai := read(t, "litellm.json", pricelist.LiteLLM), read(t, "genai-prices.json", pricelist.GenAIPrices)
	for _, c := range []struct {
		models         []pricelist.Model
		provider, name string
		notes          []string
	}{
		{litellm, "anthropic", "quill-2", []string{
			"provider_specific_entry: own prices have nothing like it", "above 200000 tokens: the list has no rate of its own for cache_write_1h;",
			"batch: the list has no rate of its own for cache_write, cache_write_1h, cached_input; the standard one is taken",
		}},
		{litellm, "openai", "openai/lyre-5", []string{
			"regional_processing_uplift_multiplier_eu: own prices", "vector_store_cost_per_gb_per_day: own prices",
			"priority above 272000 tokens: the list has no rate of its own for cached_input, input_audio, output, output_audio;",
		}},
		{litellm, "gcp.gemini", "gemini/sonde-3", []string{
			"input_cost_per_character: the price by tokens", "input_cost_per_image: own prices", "output_cost_per_image: the price by tokens",
			"search_context_cost_per_query: billed for each prompt",
		}},
		{litellm, "groq", "groq/twice", []string{`another price of "twice", under the name "twice"`}},
		{litellm, "homelab", "homelab/nothing", []string{"the list has no price"}},
		{litellm, "homelab", "homelab/zero", []string{"every rate is 0"}},
		{litellm, "homelab", "homelab/wrong-unit", []string{"input would be 3200 USD per million"}},
		{litellm, "homelab", "homelab/negative", []string{`input_cost_per_token: read "-1": not a price`}},
		{litellm, "homelab", "homelab/seek", []string{"input_cost_per_query: a fee for each query"}},
		{litellm, "", "nobody", []string{"the list names no provider"}},
		{litellm, "openai", "hd/1024-x-1024/brush-2", []string{"by the size of images"}},
		{litellm, "aws.bedrock", "bedrock/us-east-1/1-month-commitment/some.model-v1", []string{"committed capacity"}},
		{genai, "anthropic", "quill-2", []string{"also finds it by quill-2…, quill-2-2026-…; own prices go by exact ids"}},
		{genai, "anthropic", "quill-0", []string{"also finds it by …quill…", "the list has no price"}},
		{genai, "deepseek", "weekly", []string{"prices: a condition that is not known"}},
		{genai, "deepseek", "to-the-second", []string{`"16:30:01Z" is no time`}},
		{genai, "gcp.gemini", "sonde-3", []string{"input_text_mtok: the price of input for all is taken", "social_searches_kcount: own prices", "several conditions at once"}},
	} {
		got := notesOf(c.models, c.provider, c.name)
		for _, note := range c.notes {
			assert.Contains(t, got, note, c.name)
		}
	}
	for _, m := range litellm {
		assert.NotEqual(t, "groq/same", m.Name, "a model told twice at one price is one, and nothing is lost")
	}
	assert.Empty(t, notesOf(litellm, "x_ai", "xai/sprite-4"))
	for _, m := range litellm {
		assert.Equal(t, m.Provider == "homelab", m.Foreign, m.Name)
	}
}

func TestWhatDiffersFromTheCatalogueIsSaid(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 10, 1, 9, 0, 0, 0, time.UTC)
	models, err := pricelist.Read([]byte(`{
		"gpt-4o": {"litellm_provider": "openai", "input_cost_per_token": 2.6e-06, "output_cost_per_token": 1e-05,
			"output_cost_per_token_above_200k_tokens": 2e-05, "input_cost_per_token_flex": 1e-06, "file_search_cost_per_1k_calls": 3},
		"gpt-4o-9": {"litellm_provider": "openai", "input_cost_per_token": 2.6e-06}}`), "", pricelist.Options{})
	require.NoError(t, err)
	assert.Equal(t, []string{
		"file_search: 0.003, the catalogue says 0.0025", "input: 2.6, the catalogue says 2.5",
		"file_search above 200000 tokens: 0.003, the catalogue says 0.0025", "input above 200000 tokens: 2.6, the catalogue says 2.5",
		"output above 200000 tokens: 20, the catalogue says 10",
		"flex file_search: 0.003, the catalogue says nothing of it", "flex input: 1, the catalogue says nothing of it",
		"flex output: 10, the catalogue says nothing of it",
		"flex file_search above 200000 tokens: 0.003, the catalogue says nothing of it", "flex input above 200000 tokens: 1, the catalogue says nothing of it",
		"flex output above 200000 tokens: 20, the catalogue says nothing of it",
	}, models[0].Differences(pricing.Embedded(), now))
	assert.Equal(t, []string{"the catalogue does not know it"}, models[1].Differences(pricing.Embedded(), now))
}

func TestAFreeModelOfLiteLLMIsTakenWhereOneSaysSo(t *testing.T) {
	t.Parallel()
	models, err := pricelist.Read([]byte(`{"local": {"litellm_provider": "homelab", "input_cost_per_token": 0, "output_cost_per_token": 0.0}}`),
		pricelist.LiteLLM, pricelist.Options{Free: true})
	require.NoError(t, err)
	res := imported(t, models).Price(&pricing.Query{Provider: "homelab", ResponseModel: "local", Usage: &usage.Usage{Input: n(5)}})
	assert.Equal(t, pricing.StatusFree, res.Status)
}

func TestWhatIsNoPriceListIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		document string
		format   pricelist.Format
	}{
		"no JSON":                             {"prices: []", ""},
		"our own catalogue's neighbours":      {`{"a": 1}`, ""},
		"an empty list":                       {"[]", ""},
		"LiteLLM's that are no objects":       {`{"a": 1}`, pricelist.LiteLLM},
		"genai-prices' without its providers": {`{"units": {}}`, pricelist.GenAIPrices},
		"a form that nobody knows":            {`{}`, "helicone"},
	} {
		_, err := pricelist.Read([]byte(c.document), c.format, pricelist.Options{})
		require.ErrorIs(t, err, pricelist.ErrList, name)
	}
}

func TestAPriceThatTheCatalogueHasIsNothingNew(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 10, 1, 9, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		entry string
		same  bool
	}{
		"the same":                                {`"input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05, "cache_read_input_token_cost": 1.25e-06`, true},
		"less said, but the same":                 {`"input_cost_per_token": 2.5e-06`, true},
		"another rate":                            {`"input_cost_per_token": 2.6e-06, "output_cost_per_token": 1e-05`, false},
		"a rate of a part":                        {`"input_cost_per_token": 2.5e-06, "cache_read_input_token_cost": 1.3e-06`, false},
		"another rate above a size":               {`"input_cost_per_token": 2.5e-06, "input_cost_per_token_above_200k_tokens": 5e-06`, false},
		"the same in a tier":                      {`"input_cost_per_token": 2.5e-06, "input_cost_per_token_priority": 4.25e-06`, true},
		"a tier that the catalogue has not":       {`"input_cost_per_token": 2.5e-06, "input_cost_per_token_flex": 1.25e-06`, false},
		"a fee that the catalogue has not":        {`"input_cost_per_token": 2.5e-06, "code_interpreter_cost_per_session": 0.03`, false},
		"a fee of the catalogue's":                {`"input_cost_per_token": 2.5e-06, "file_search_cost_per_1k_calls": 2.5`, true},
		"audio, which the catalogue has at input": {`"input_cost_per_token": 2.5e-06, "input_cost_per_audio_token": 4e-05`, false},
	} {
		models, err := pricelist.Read([]byte(`{"gpt-4o": {"litellm_provider": "openai", `+c.entry+`}}`), "", pricelist.Options{})
		require.NoError(t, err, name)
		require.Len(t, models, 1, name)
		assert.Equal(t, c.same, len(models[0].Differences(pricing.Embedded(), now)) == 0, name)
	}
	models, err := pricelist.Read([]byte(`{"gpt-4o": {"litellm_provider": "openai", "input_cost_per_token": 1}}`), "", pricelist.Options{})
	require.NoError(t, err)
	assert.Contains(t, models[0].Loses(pricing.Embedded(), now), "priority rates")
	assert.Empty(t, models[0].UnknownIDs(pricing.Embedded(), now))
}

func TestAPriceOfOtherDaysIsComparedFromNowOn(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 10, 1, 9, 0, 0, 0, time.UTC)
	list := func(prices string) pricelist.Model {
		models, err := pricelist.Read([]byte(`[{"id":"openai","models":[{"id":"gpt-4o","match":{"equals":"gpt-4o"},"prices":`+prices+`}]}]`), "", pricelist.Options{})
		require.NoError(t, err)
		return models[0]
	}
	for prices, same := range map[string]bool{
		`[{"prices":{"input_mtok":9}},{"constraint":{"start_date":"2026-01-01"},"prices":{"input_mtok":2.5}}]`:                         true,
		`[{"prices":{"input_mtok":2.5}},{"constraint":{"start_date":"2026-12-01"},"prices":{"input_mtok":9}}]`:                         false,
		`[{"prices":{"input_mtok":2.5}},{"constraint":{"start_time":"01:00:00Z","end_time":"02:00:00Z"},"prices":{"input_mtok":1}}]`:   false,
		`[{"prices":{"input_mtok":2.5}},{"constraint":{"start_time":"01:00:00Z","end_time":"02:00:00Z"},"prices":{"input_mtok":2.5}}]`: true,
		`[{"prices":{"input_mtok":2.5}},{"constraint":{"start_date":"2026-11-01"},"prices":{"input_mtok":2.50}}]`:                      true,
	} {
		m := list(prices)
		assert.Equal(t, same, len(m.Differences(pricing.Embedded(), now)) == 0, prices)
	}
}

func TestOwnPricesAreWrittenForReaders(t *testing.T) {
	t.Parallel()
	models, err := pricelist.Read([]byte(`{
		"true": {"litellm_provider": "openai", "input_cost_per_token": 1.25e-06, "source": "https://example.com/#prices",
			"input_cost_per_token_above_128k_tokens": 8.333333333333334e-08}}`), "", pricelist.Options{})
	require.NoError(t, err)
	file, err := pricelist.YAML(models, "Where it is from.")
	require.NoError(t, err)
	assert.Equal(t, `# Where it is from.
prices:
  - provider: openai
    model: "true"
    source: https://example.com/#prices
    rows:
      - up_to: 128000
        rates: {input: 1.25}
      - over: 128000
        rates: {input: 0.08333333333333334}
`, string(file))
	empty, err := pricelist.YAML(nil, "")
	require.NoError(t, err)
	assert.Equal(t, "prices: []\n", string(empty))
	_, err = pricing.LoadWithOwn(bytes.NewReader([]byte(noPrices)), empty)
	assert.NoError(t, err)
}
