package wire

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/usage"
)

func k(n int64) usage.Count { return usage.Known(n) }

// TestAUsageObjectIsReadAsItsProviderMeansIt is one object of each provider and place, made after the page or SDK that the
// row of its places names.
func TestAUsageObjectIsReadAsItsProviderMeansIt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		provider, object string
		want             Reading
	}{
		"OpenAI's chat": {
			"openai", `{"prompt_tokens":1207,"completion_tokens":143,"total_tokens":1350,"prompt_tokens_details":{"cached_tokens":1024,"audio_tokens":5},"completion_tokens_details":{"reasoning_tokens":64,"audio_tokens":7}}`,
			Reading{Usage: usage.Usage{Input: k(1207), CacheRead: k(1024), AudioInput: k(5), Output: k(143), Reasoning: k(64), AudioOutput: k(7)}},
		},
		"Cohere's cached tokens, more than are billed": { // docs.cohere.com/reference/chat
			"cohere", `{"billed_units":{"input_tokens":5,"output_tokens":418},"tokens":{"input_tokens":71,"output_tokens":420},"cached_tokens":64}`,
			Reading{Usage: usage.Usage{Input: k(5), Output: k(418)}},
		},
		"OpenAI's cache writes": {
			"openai", `{"input_tokens":3300,"input_tokens_details":{"cached_tokens":0,"cache_write_tokens":3207},"output_tokens":10,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":3310}`,
			Reading{Usage: usage.Usage{Input: k(3300), CacheRead: k(0), CacheWrite: k(3207), Output: k(10), Reasoning: k(0)}},
		},
		"OpenRouter's cache writes and cost": {
			"openrouter", `{"prompt_tokens":3000,"completion_tokens":20,"prompt_tokens_details":{"cached_tokens":100,"cache_write_tokens":2500},"cost":0.0147,"cost_details":{"upstream_inference_prompt_cost":8e-7},"is_byok":false}`,
			Reading{Usage: usage.Usage{Input: k(3000), CacheRead: k(100), CacheWrite: k(2500), Output: k(20)}, Cost: "0.0147"},
		},
		"LiteLLM's names of both": {
			"", `{"prompt_tokens":1200,"completion_tokens":30,"total_tokens":1230,"cache_creation_input_tokens":100,"cache_read_input_tokens":1000}`,
			Reading{Usage: usage.Usage{Input: k(1200), CacheRead: k(1000), CacheWrite: k(100), Output: k(30)}},
		},
		"Anthropic's": {
			"anthropic", `{"input_tokens":83,"cache_read_input_tokens":1000,"cache_creation_input_tokens":30,"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},"output_tokens":50,"output_tokens_details":{"thinking_tokens":40},"server_tool_use":{"web_search_requests":3},"service_tier":"priority","inference_geo":"us","speed":"fast"}`,
			Reading{
				Usage: usage.Usage{
					Input: k(1113), CacheRead: k(1000), CacheWrite: k(30), CacheWrite1h: k(20), Output: k(50), Reasoning: k(40), WebSearches: k(3),
				},
				Tier: "priority", Geography: "us", Speed: "fast",
			},
		},
		"Anthropic's compaction": {
			"anthropic", `{"input_tokens":23000,"output_tokens":1000,"cache_read_input_tokens":0,"cache_creation_input_tokens":0,"iterations":[{"type":"compaction","input_tokens":180000,"output_tokens":3500,"cache_read_input_tokens":7,"cache_creation_input_tokens":0},{"type":"message","model":"claude-opus-4-6","input_tokens":23000,"output_tokens":1000}]}`,
			Reading{
				Usage:  usage.Usage{Input: k(23000), CacheRead: k(0), CacheWrite: k(0), Output: k(1000)},
				Others: []Other{{"", usage.Usage{Input: k(180007), CacheRead: k(7), CacheWrite: k(0), Output: k(3500)}}},
			},
		},
		"Anthropic's advisor": {
			"anthropic", `{"input_tokens":412,"output_tokens":531,"cache_read_input_tokens":0,"cache_creation_input_tokens":0,"iterations":[{"type":"message","input_tokens":412,"output_tokens":89},{"type":"advisor_message","model":"claude-opus-4-6","input_tokens":823,"output_tokens":1612,"cache_creation":{"ephemeral_1h_input_tokens":5}}]}`,
			Reading{
				Usage:  usage.Usage{Input: k(412), CacheRead: k(0), CacheWrite: k(0), Output: k(531)},
				Others: []Other{{"claude-opus-4-6", usage.Usage{Input: k(828), CacheWrite: k(5), CacheWrite1h: k(5), Output: k(1612)}}},
			},
		},
		"Gemini's": {
			"gcp.gemini", `{"promptTokenCount":1000,"cachedContentTokenCount":400,"candidatesTokenCount":50,"thoughtsTokenCount":200,"toolUsePromptTokenCount":30,"totalTokenCount":1280,"promptTokensDetails":[{"modality":"TEXT","tokenCount":900},{"tokenCount":100,"modality":"AUDIO"}],"cacheTokensDetails":[{"modality":"AUDIO","tokenCount":60}],"candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":20}],"trafficType":"ON_DEMAND_FLEX"}`,
			Reading{
				Usage: usage.Usage{
					Input: k(1030), CacheRead: k(400), AudioInput: k(100), CachedAudioInput: k(60), Output: k(250), Reasoning: k(200), ImageOutput: k(20),
				},
				Tier: "ON_DEMAND_FLEX",
			},
		},
		"Gemini's as Python names it, without candidates": {
			"gcp.vertex_ai", `{"prompt_token_count":10,"total_token_count":25,"prompt_tokens_details":[{"modality":"TEXT","token_count":10}]}`,
			Reading{Usage: usage.Usage{Input: k(10), Output: k(15)}},
		},
		"Gemini's interactions": {
			"gcp.gemini", `{"total_input_tokens":100,"total_cached_tokens":40,"total_output_tokens":10,"total_thought_tokens":5,"total_tool_use_tokens":3,"total_tokens":118,"input_tokens_by_modality":[{"modality":"image","tokens":60}]}`,
			Reading{Usage: usage.Usage{Input: k(103), CacheRead: k(40), ImageInput: k(60), Output: k(15), Reasoning: k(5)}},
		},
		"Gemini's endpoint for OpenAI's clients": {
			"gcp.gemini", `{"prompt_tokens":1000,"completion_tokens":10,"total_tokens":1200}`,
			Reading{Usage: usage.Usage{Input: k(1000), Output: k(200), Reasoning: k(190)}},
		},
		"xAI's": {
			"x_ai", `{"prompt_tokens":1000,"completion_tokens":300,"total_tokens":1500,"completion_tokens_details":{"reasoning_tokens":200},"cost_in_usd_ticks":45000000}`,
			Reading{Usage: usage.Usage{Input: k(1000), Output: k(500), Reasoning: k(200)}, Cost: "0.0045"},
		},
		"Perplexity's deep research": {
			"perplexity", `{"prompt_tokens":20,"completion_tokens":300,"total_tokens":320,"citation_tokens":1000,"reasoning_tokens":5000,"num_search_queries":12,"search_context_size":"high","cost":{"input_tokens_cost":2e-05,"total_cost":0.630606}}`,
			Reading{
				Usage:      usage.Usage{Input: k(20), Output: k(6300), Reasoning: k(5000), Citation: k(1000), WebSearches: k(12)},
				SearchSize: "high", Cost: "0.630606",
			},
		},
		"DeepSeek's": {
			"deepseek", `{"prompt_tokens":100,"completion_tokens":9,"total_tokens":109,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36}`,
			Reading{Usage: usage.Usage{Input: k(100), CacheRead: k(64), Output: k(9)}},
		},
		"Bedrock's Converse": {
			"aws.bedrock", `{"inputTokens":10,"outputTokens":5,"totalTokens":10015,"cacheReadInputTokens":0,"cacheWriteInputTokens":10000,"cacheDetails":[{"ttl":"1h","inputTokens":10000}]}`,
			Reading{Usage: usage.Usage{Input: k(10010), CacheRead: k(0), CacheWrite: k(10000), CacheWrite1h: k(10000), Output: k(5)}},
		},
		"Cohere's": {
			"cohere", `{"billed_units":{"input_tokens":10,"output_tokens":3,"search_units":2},"tokens":{"input_tokens":80,"output_tokens":3}}`,
			Reading{Usage: usage.Usage{Input: k(10), Output: k(3), SearchUnits: k(2)}},
		},
		"LangChain's usage_metadata": {
			"", `{"input_tokens":350,"output_tokens":240,"total_tokens":590,"input_token_details":{"audio":10,"cache_creation":200,"cache_read":100},"output_token_details":{"audio":10,"reasoning":200}}`,
			Reading{Usage: usage.Usage{
				Input: k(350), CacheRead: k(100), CacheWrite: k(200), AudioInput: k(10), Output: k(240), Reasoning: k(200), AudioOutput: k(10),
			}},
		},
		"the realtime API's": {
			"openai", `{"total_tokens":253,"input_tokens":132,"output_tokens":121,"input_token_details":{"text_tokens":119,"audio_tokens":13,"cached_tokens":64,"cached_tokens_details":{"text_tokens":60,"audio_tokens":4}},"output_token_details":{"text_tokens":30,"audio_tokens":91}}`,
			Reading{Usage: usage.Usage{
				Input: k(132), CacheRead: k(64), AudioInput: k(13), CachedAudioInput: k(4), Output: k(121), AudioOutput: k(91),
			}},
		},
		"parts that don't add up": {
			"openai", `{"prompt_tokens":10,"completion_tokens":5,"total_tokens":99}`,
			Reading{Usage: usage.Usage{Input: k(10), Output: k(5)}, TotalDiffers: true},
		},
		"whole numbers as floats": {
			"mistral_ai", `{"prompt_tokens":10.0,"completion_tokens":5.00}`, Reading{Usage: usage.Usage{Input: k(10), Output: k(5)}},
		},
	} {
		got, ok := Read(test.object, test.provider)
		require.True(t, ok, name)
		got.apart, got.splitOnly = false, false
		assert.Equal(t, test.want, got, name)
	}
}

func TestPartsThatOnlyTheSpanTellsAreAddedToAnInputThatLeavesThemOut(t *testing.T) {
	t.Parallel()
	span := usage.Usage{Input: k(5000), CacheRead: k(4000), CacheWrite: k(900), CacheWrite1h: k(500), Output: k(7)}
	r, ok := Read(`{"input_tokens":100,"cache_read_input_tokens":4000}`, "anthropic")
	require.True(t, ok)
	assert.Equal(t, span, r.Over(span))
}

func TestWhatIsNoUsageObjectTellsNothing(t *testing.T) {
	t.Parallel()
	for _, object := range []string{
		"", "{", "[]", "null", `{"prompt_tokens":1`, `{"elapsed":3}`, `{"prompt_tokens":-1}`, `{"prompt_tokens":1.5}`,
		`{"prompt_tokens":"7"}`, `{"prompt_tokens":99999999999}`, `{"prompt_tokens":null}`,
	} {
		got, ok := Read(object, "openai")
		assert.False(t, ok, object)
		assert.Equal(t, Reading{}, got)
	}
}

func TestReadingAllocatesNothing(t *testing.T) {
	object := `{"prompt_tokens":1207,"completion_tokens":143,"total_tokens":1350,"prompt_tokens_details":{"cached_tokens":1024}}`
	assert.Zero(t, testing.AllocsPerRun(100, func() { _, _ = Read(object, "openai") }))
}

func FuzzRead(f *testing.F) {
	f.Add(`{"prompt_tokens":1,"iterations":[{"type":"compaction","input_tokens":3}]}`, "anthropic")
	f.Add(`{"promptTokensDetails":[{"modality":"AUDIO","tokenCount":100}]}`, "gcp.gemini")
	f.Fuzz(func(t *testing.T, object, provider string) {
		r, ok := Read(object, provider)
		if !ok && (r.Usage != usage.Usage{} || r.Others != nil) {
			t.Fatal("a text that tells nothing told something")
		}
	})
}

func BenchmarkRead(b *testing.B) {
	object := `{"prompt_tokens":1207,"completion_tokens":143,"total_tokens":1350,"prompt_tokens_details":{"cached_tokens":1024},"completion_tokens_details":{"reasoning_tokens":64}}`
	b.ReportAllocs()
	for b.Loop() {
		if r, _ := Read(object, "openai"); r.Usage.CacheRead != k(1024) {
			b.Fatal("misread")
		}
	}
}
