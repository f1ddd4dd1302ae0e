package genaispan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/usage"
)

// TestOneUsageObjectIsReadTheSameThroughEveryDoor puts an object, as Python writes JSON, wherever a span may carry one.
func TestOneUsageObjectIsReadTheSameThroughEveryDoor(t *testing.T) {
	t.Parallel()
	k := usage.Known
	const claude = `{"input_tokens": 100, "cache_read_input_tokens": 4000, "cache_creation_input_tokens": 900, ` +
		`"cache_creation": {"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 500}, "output_tokens": 70, ` +
		`"server_tool_use": null, "remark": "not an enum", "service_tier": "priority", "speed": "fast", "inference_geo": "us"}`
	const claudeKept = `{"input_tokens":100,"cache_read_input_tokens":4000,"cache_creation_input_tokens":900,` +
		`"cache_creation":{"ephemeral_5m_input_tokens":400,"ephemeral_1h_input_tokens":500},"output_tokens":70,` +
		`"service_tier":"priority","speed":"fast","inference_geo":"us"}`
	claudeUsage := usage.Usage{Input: k(5000), CacheRead: k(4000), CacheWrite: k(900), CacheWrite1h: k(500), Output: k(70)}
	const gemini = `{"prompt_token_count":150,"candidates_token_count":10,"thoughts_token_count":20,"tool_use_prompt_token_count":18000,"total_token_count":18180}`
	geminiUsage := usage.Usage{Input: k(18150), Output: k(30), Reasoning: k(20)}
	camel := strings.NewReplacer("prompt_token_count", "promptTokenCount", "candidates_token_count", "candidatesTokenCount",
		"thoughts_token_count", "thoughtsTokenCount", "tool_use_prompt_token_count", "toolUsePromptTokenCount",
		"total_token_count", "totalTokenCount").Replace(gemini)
	for name, test := range map[string]struct {
		scope, provider, model string
		more                   attrs
		want                   usage.Usage
		kept                   string
	}{
		"Logfire's raw usage": {"logfire.anthropic", "anthropic", "claude-haiku-4-5", attrs{"gen_ai.usage.raw": claude}, claudeUsage, claudeKept},
		"Logfire's stream": {
			"logfire.anthropic", "anthropic", "claude-haiku-4-5",
			attrs{"response_data": `{"message":{"content":"MARKER \"usage\": {}"},"usage": ` + claude + `}`},
			claudeUsage, claudeKept,
		},
		"Langfuse's details in the provider's names": {
			"langfuse-sdk", "anthropic", "claude-haiku-4-5",
			attrs{"langfuse.observation.type": "generation", "langfuse.observation.usage_details": claude},
			claudeUsage, claudeKept,
		},
		"the AI SDK's metadata": {
			"ai", "anthropic.messages", "claude-haiku-4-5",
			attrs{"ai.operationId": "ai.streamText.doStream", "ai.usage.outputTokens": 70, "ai.usage.inputTokens": 100, "ai.response.providerMetadata": `{"anthropic":{"usage":` + claude + `}}`},
			claudeUsage, claudeKept,
		},
		"ADK's answer": {
			"gcp.vertex.agent", "gcp.vertex.agent", "gemini-2.5-flash",
			attrs{"gcp.vertex.agent.llm_response": `{"content":{"usage_metadata":"MARKER"},"usage_metadata":` + gemini + `}`},
			geminiUsage, gemini,
		},
		"the AI SDK's metadata of Gemini": {
			"ai", "google.generative-ai", "gemini-2.5-flash",
			attrs{"ai.operationId": "ai.generateText.doGenerate", "ai.usage.outputTokens": 10, "ai.usage.inputTokens": 150, "ai.response.providerMetadata": `{"google":{"groundingMetadata":null,"usageMetadata":` + camel + `}}`},
			geminiUsage, camel,
		},
		"more than may be kept": {
			"logfire.anthropic", "anthropic", "claude-haiku-4-5",
			attrs{"gen_ai.usage.raw": claude[:len(claude)-1] + `,"x":[` + strings.Repeat("1,", 3000) + `1]}`},
			claudeUsage, "",
		},
	} {
		more := attrs{"gen_ai.provider.name": test.provider, "gen_ai.request.model": test.model}
		for key, v := range test.more {
			more[key] = v
		}
		c := one(t, test.scope, chat("", 0, 0, more))
		assert.Equal(t, test.want, c.Usage, name)
		assert.Equal(t, test.kept, c.ProviderUsage, name)
		assert.NotContains(t, c.Notes, genaispan.NoteCacheTTLUnknown, name)
	}
}

func TestTheObjectsCountsReplaceTheSpansAndADifferenceIsNoted(t *testing.T) {
	t.Parallel()
	c := one(t, "logfire.openai", chat("", 1000, 10, attrs{"gen_ai.usage.raw": `{"prompt_tokens":1200,"completion_tokens":10}`}))
	assert.Equal(t, usage.Known(1200), c.Usage.Input)
	assert.Contains(t, c.Notes, genaispan.NoteUsageDiffers)
}

func TestLangfusesBucketsAreAddedUpOnce(t *testing.T) {
	t.Parallel()
	k := usage.Known
	for details, want := range map[string]usage.Usage{
		// What was written, and the same by its time.
		`{"input":20,"output":5,"cache_creation_input_tokens":900,"cache_creation_ephemeral_5m_input_tokens":400,"cache_creation_ephemeral_1h_input_tokens":500}`: {
			Input: k(920), CacheWrite: k(900), CacheWrite1h: k(500), Output: k(5),
		},
		`{"input":20,"output":5,"cache_creation_input_tokens":900,"cache_creation.ephemeral_1h_input_tokens":900}`: {
			Input: k(920), CacheWrite: k(900), CacheWrite1h: k(900), Output: k(5),
		},
		`{"input":20,"output":5,"input_cache_creation_5m":900}`: {
			Input: k(920), CacheWrite: k(900), CacheWrite1h: k(0), Output: k(5),
		},
		// What was read, by two names.
		`{"input":20,"output":5,"total":1025,"input_cached_tokens":1000,"cache_read_input_tokens":1000}`: {
			Input: k(1020), CacheRead: k(1000), Output: k(5),
		},
		// The total proves what was left inside.
		`{"input":300,"output":5,"total":1205,"input_cached_tokens":900,"cache_creation_input_tokens":300}`: {
			Input: k(1200), CacheRead: k(900), CacheWrite: k(300), Output: k(5),
		},
		`{"input":1000,"output":5,"total":1305,"input_cached_tokens":900,"cache_creation_input_tokens":300}`: {
			Input: k(1300), CacheRead: k(900), CacheWrite: k(300), Output: k(5),
		},
		`{"input":20,"output":5,"input_audio_tokens":7,"input_image_tokens":8,"output_reasoning_tokens":9,"output_audio_tokens":3}`: {
			Input: k(35), AudioInput: k(7), ImageInput: k(8), Output: k(17), Reasoning: k(9), AudioOutput: k(3),
		},
	} {
		c := one(t, "langfuse-sdk", attrs{
			"langfuse.observation.type": "generation", "langfuse.observation.model.name": "claude-haiku-4-5",
			"langfuse.observation.usage_details": details,
		})
		assert.Equal(t, want, c.Usage, details)
	}
}

func FuzzUsageObjectsAreKeptAsPlainJSON(f *testing.F) {
	f.Add(`{"a": 1, "b": null, "c": {"d": [1, "x", "not so"]}, "e f": 2}`, "c.d")
	f.Add(`{"usage":{"x":`, "usage")
	f.Add(`{"a":"\\"`, "a")
	f.Fuzz(func(t *testing.T, s, path string) {
		genaispan.Member(s, path)
		out := genaispan.Compact(s)
		if json.Valid([]byte(s)) && strings.HasPrefix(strings.TrimSpace(s), "{") && out != "" && !json.Valid([]byte(out)) {
			t.Errorf("%q became %q", s, out)
		}
	})
}
