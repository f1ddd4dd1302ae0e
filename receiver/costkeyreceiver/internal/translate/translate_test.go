package translate_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/protocol"
	"github.com/costkey/costkey-otel/receiver/costkeyreceiver/internal/translate"
	"github.com/costkey/costkey-otel/usage"
)

// body is a batch of one event with the given members beside id, time and status.
func body(members string) []byte {
	return []byte(`{"sdkVersion":"0.5.0","release":"v1.4","events":[{"id":"0123456789abcdef0123456789abcdef","timestamp":"2026-03-01T10:00:01.000Z",
		"durationMs":1000,"projectId":"shop","statusCode":200,"provider":"openai","model":"gpt-4o",` + members + `}]}`)
}

func translated(t *testing.T, raw []byte, bodies bool) translate.Result {
	t.Helper()
	b, err := protocol.Decode(raw, protocol.Settings{MaxEvents: 10, Bodies: bodies})
	require.NoError(t, err)
	require.Empty(t, b.Rejected)
	return translate.Traces(&b, translate.Settings{})
}

// call reads the span of an event as the exporter does.
func call(t *testing.T, members string) genaispan.Call {
	t.Helper()
	var out []genaispan.Call
	genaispan.NewReader(genaispan.Settings{}).Each(translated(t, body(members), false).Traces, func(v genaispan.Verdict, c *genaispan.Call) {
		require.Equal(t, genaispan.ProviderCall, v)
		out = append(out, c.Clone())
	})
	require.Len(t, out, 1)
	return out[0]
}

func TestTokensAreBroughtIntoOurTerms(t *testing.T) {
	t.Parallel()
	const openAI, anthropic = "https://api.openai.com/v1/chat/completions", "https://api.anthropic.com/v1/messages"
	for name, c := range map[string]struct {
		provider, url, model, usage, more     string
		input, output, read, write, reasoning int64 // -1 is unknown
		notes                                 []string
		wantProvider, wantModel               string
	}{
		"OpenAI's cached tokens are unknown": {
			provider: "openai", url: openAI, model: "gpt-4o", usage: `"inputTokens":100,"outputTokens":20,"reasoningTokens":5,"cacheReadTokens":null`,
			input: 100, output: 20, read: -1, write: -1, reasoning: 5, notes: []string{"cache_unknown"}, wantProvider: "openai", wantModel: "gpt-4o",
		},
		"OpenAI's cached tokens are in the answer": {
			provider: "openai", url: openAI, model: "gpt-4o", usage: `"inputTokens":100,"outputTokens":20`,
			more:  `,"responseBody":{"id":"chatcmpl-1","usage":{"prompt_tokens_details":{"cached_tokens":64}}}`,
			input: 100, output: 20, read: 64, write: -1, reasoning: -1, wantProvider: "openai", wantModel: "gpt-4o",
		},
		"Azure is told by the URL": {
			provider: "openai", url: "https://my.openai.azure.com/openai/deployments/gpt4/chat/completions?api-version=2", model: "gpt-4o",
			usage: `"inputTokens":100,"outputTokens":20,"cacheReadTokens":0`,
			input: 100, output: 20, read: 0, write: -1, reasoning: -1, wantProvider: "azure.ai.openai", wantModel: "gpt-4o",
		},
		"Anthropic's input leaves the cache out": {
			provider: "anthropic", url: anthropic, model: "claude-sonnet-4-5", usage: `"inputTokens":10,"outputTokens":20,"cacheReadTokens":100,"cacheCreationTokens":50`,
			input: 160, output: 20, read: 100, write: 50, reasoning: -1, notes: []string{"cache_ttl_unknown"}, wantProvider: "anthropic", wantModel: "claude-sonnet-4-5",
		},
		"Anthropic's answer tells how long the cache is kept": {
			provider: "anthropic", url: anthropic, model: "claude-sonnet-4-5", usage: `"inputTokens":10,"outputTokens":20,"cacheReadTokens":100,"cacheCreationTokens":50`,
			more: `,"responseBody":{"id":"msg_1","usage":{"input_tokens":10,"cache_creation_input_tokens":50,"cache_read_input_tokens":100,
				"cache_creation":{"ephemeral_5m_input_tokens":20,"ephemeral_1h_input_tokens":30},"output_tokens":20}}`,
			input: 160, output: 20, read: 100, write: 50, reasoning: -1, wantProvider: "anthropic", wantModel: "claude-sonnet-4-5",
		},
		"Anthropic's streamed input can be unknown": {
			provider: "anthropic", url: anthropic, model: "claude-sonnet-4-5", usage: `"inputTokens":null,"outputTokens":20`, more: `,"streaming":true`,
			input: -1, output: 20, read: -1, write: -1, reasoning: -1, notes: []string{"partial_usage"}, wantProvider: "anthropic", wantModel: "claude-sonnet-4-5",
		},
		"Google's output leaves thoughts out": {
			provider: "google", url: "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:generateContent?key=AIzaSECRET", model: "",
			usage: `"inputTokens":100,"outputTokens":20,"reasoningTokens":30,"cacheReadTokens":40,"totalTokens":150`,
			input: 100, output: 50, read: 40, write: -1, reasoning: 30, wantProvider: "gcp.gemini", wantModel: "gemini-2.5-pro",
		},
		"Google's answer counts as its events do": {
			provider: "google", url: "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:generateContent", model: "gemini-2.5-pro",
			usage: `"inputTokens":100,"outputTokens":20,"reasoningTokens":30`,
			more:  `,"responseBody":{"responseId":"r1","usageMetadata":{"promptTokenCount":100,"candidatesTokenCount":20,"thoughtsTokenCount":30,"cachedContentTokenCount":40,"totalTokenCount":150}}`,
			input: 100, output: 50, read: 40, write: -1, reasoning: 30, wantProvider: "gcp.gemini", wantModel: "gemini-2.5-pro",
		},
		"Bedrock's answer counts as its events do": {
			provider: "bedrock", url: "https://bedrock-runtime.eu-west-1.amazonaws.com/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse",
			usage: `"inputTokens":100,"outputTokens":20`,
			more:  `,"responseBody":{"usage":{"inputTokens":100,"outputTokens":20,"cacheReadInputTokens":40,"cacheWriteInputTokens":10,"totalTokens":170}}`,
			input: 150, output: 20, read: 40, write: 10, reasoning: -1, wantProvider: "aws.bedrock", wantModel: "anthropic.claude-sonnet-4-5-20250929-v1:0",
		},
		"Vertex is told by the URL": {
			provider: "google", url: "https://europe-west1-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-pro:streamGenerateContent",
			usage: `"inputTokens":100,"outputTokens":20`,
			input: 100, output: 20, read: -1, write: -1, reasoning: -1, wantProvider: "gcp.vertex_ai", wantModel: "gemini-2.5-pro",
		},
		"DeepSeek's misses are no writes": {
			provider: "deepseek", url: "https://api.deepseek.com/chat/completions", model: "deepseek-chat",
			usage: `"inputTokens":100,"outputTokens":20,"cacheReadTokens":64,"cacheCreationTokens":36`,
			input: 100, output: 20, read: 64, write: -1, reasoning: -1, wantProvider: "deepseek", wantModel: "deepseek-chat",
		},
		"Groq's input includes its cache": {
			provider: "groq", url: "https://api.groq.com/openai/v1/chat/completions", model: "llama-3.3-70b", usage: `"inputTokens":100,"outputTokens":20,"cacheReadTokens":64`,
			input: 100, output: 20, read: 64, write: -1, reasoning: -1, wantProvider: "groq", wantModel: "llama-3.3-70b",
		},
		"OpenRouter says both or nothing": {
			provider: "openrouter", url: "https://openrouter.ai/api/v1/chat/completions", model: "openai/gpt-4o", usage: `"inputTokens":100,"outputTokens":20`,
			input: 100, output: 20, read: -1, write: -1, reasoning: -1, notes: []string{"cache_unknown"}, wantProvider: "openrouter", wantModel: "openai/gpt-4o",
		},
		"Bedrock's model is in the URL": {
			provider: "bedrock", url: "https://bedrock-runtime.eu-west-1.amazonaws.com/model/eu.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse", model: "",
			usage: `"inputTokens":"100","outputTokens":20.0`,
			input: 100, output: 20, read: -1, write: -1, reasoning: -1, notes: []string{"cache_unknown"},
			wantProvider: "aws.bedrock", wantModel: "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
		},
		"Cohere has no cache": {
			provider: "cohere", url: "https://api.cohere.com/v1/chat", model: "command-r", usage: `"inputTokens":100,"outputTokens":20`,
			input: 100, output: 20, read: -1, write: -1, reasoning: -1, wantProvider: "cohere", wantModel: "command-r",
		},
		"Cohere bills less than it counts, where the answer tells": {
			provider: "cohere", url: "https://api.cohere.com/v1/chat", model: "command-r", usage: `"inputTokens":100,"outputTokens":20`,
			more:  `,"responseBody":{"text":"x","meta":{"billed_units":{"input_tokens":90,"output_tokens":18},"tokens":{"input_tokens":100,"output_tokens":20}}}`,
			input: 90, output: 18, read: -1, write: -1, reasoning: -1, wantProvider: "cohere", wantModel: "command-r",
		},
		"Cohere's second version is read from the answer": {
			provider: "cohere", url: "https://api.cohere.com/v2/chat", model: "command-r", usage: `"inputTokens":null,"outputTokens":null`,
			more:  `,"responseBody":{"id":"c2","usage":{"billed_units":{"input_tokens":90,"output_tokens":18},"tokens":{"input_tokens":100,"output_tokens":20}}}`,
			input: 90, output: 18, read: -1, write: -1, reasoning: -1, wantProvider: "cohere", wantModel: "command-r",
		},
		"a meta without billed units is not Cohere's": {
			provider: "cohere", url: "https://api.cohere.com/v1/chat", model: "command-r", usage: `"inputTokens":100,"outputTokens":20`,
			more:  `,"responseBody":{"meta":{"tokens":{"input_tokens":7,"output_tokens":7}}}`,
			input: 100, output: 20, read: -1, write: -1, reasoning: -1, wantProvider: "cohere", wantModel: "command-r",
		},
		"Anthropic's answer through Bedrock's InvokeModel leaves the cache out": {
			provider: "bedrock", url: "https://bedrock-runtime.eu-west-1.amazonaws.com/model/anthropic.claude-3-5-haiku-20241022-v1%3A0/invoke",
			usage: `"inputTokens":null,"outputTokens":null`,
			more:  `,"responseBody":{"id":"msg_1","usage":{"input_tokens":100,"output_tokens":20,"cache_read_input_tokens":40,"cache_creation_input_tokens":0}}`,
			input: 140, output: 20, read: 40, write: 0, reasoning: -1, wantProvider: "aws.bedrock", wantModel: "anthropic.claude-3-5-haiku-20241022-v1:0",
		},
		"Bedrock's endpoint for OpenAI's clients counts as OpenAI does": {
			provider: "bedrock", url: "https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1/chat/completions", model: "openai.gpt-oss-20b-1:0",
			usage: `"inputTokens":null`, more: `,"responseBody":{"usage":{"prompt_tokens":100,"completion_tokens":20,"prompt_tokens_details":{"cached_tokens":64}}}`,
			input: 100, output: 20, read: 64, write: -1, reasoning: -1, wantProvider: "aws.bedrock", wantModel: "openai.gpt-oss-20b-1:0",
		},
		"Anthropic's answer through Vertex leaves the cache out": {
			provider: "google", url: "https://europe-west1-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/anthropic/models/claude-sonnet-4-5:rawPredict",
			usage: ``, more: `,"responseBody":{"usage":{"input_tokens":100,"output_tokens":20,"cache_read_input_tokens":40,"cache_creation_input_tokens":0}}`,
			input: 140, output: 20, read: 40, write: 0, reasoning: -1, wantProvider: "gcp.vertex_ai", wantModel: "claude-sonnet-4-5",
		},
		"Google's endpoint for OpenAI's clients tells thoughts in the total alone": {
			provider: "google", url: "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions", model: "gemini-2.5-flash",
			usage: ``, more: `,"responseBody":{"usage":{"prompt_tokens":100,"completion_tokens":20,"total_tokens":150}}`,
			input: 100, output: 50, read: -1, write: -1, reasoning: 30, wantProvider: "gcp.gemini", wantModel: "gemini-2.5-flash",
		},
		"embeddings have no cache": {
			provider: "openai", url: "https://api.openai.com/v1/embeddings", model: "text-embedding-3-small", usage: `"inputTokens":100`,
			input: 100, output: -1, read: -1, write: -1, reasoning: -1, wantProvider: "openai", wantModel: "text-embedding-3-small",
		},
		"others count as OpenAI does": {
			provider: "mistral", url: "https://api.mistral.ai/v1/chat/completions", model: "mistral-large", usage: `"inputTokens":100,"outputTokens":20`,
			input: 100, output: 20, read: -1, write: -1, reasoning: -1, notes: []string{"cache_unknown"}, wantProvider: "mistral_ai", wantModel: "mistral-large",
		},
		"behind a gateway the model tells the provider": {
			provider: "openai", url: "https://api.portkey.ai/v1/chat/completions", model: "claude-sonnet-4-5", usage: `"inputTokens":100,"outputTokens":20,"cacheReadTokens":1`,
			input: 100, output: 20, read: 1, write: -1, reasoning: -1, wantProvider: "anthropic", wantModel: "claude-sonnet-4-5",
		},
		"a stream without usage is marked": {
			provider: "openai", url: openAI, model: "gpt-4o", usage: ``, more: `,"streaming":true`,
			input: -1, output: -1, read: -1, write: -1, reasoning: -1, notes: []string{"stream_without_usage"}, wantProvider: "openai", wantModel: "gpt-4o",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := call(t, `"provider":"`+c.provider+`","url":"`+c.url+`","model":"`+c.model+`","usage":{`+c.usage+`}`+c.more)
			assert.Equal(t, usage.Known(c.input), got.Usage.Input, "input")
			assert.Equal(t, usage.Known(c.output), got.Usage.Output, "output")
			assert.Equal(t, usage.Known(c.read), got.Usage.CacheRead, "cache read")
			assert.Equal(t, usage.Known(c.write), got.Usage.CacheWrite, "cache write")
			assert.Equal(t, usage.Known(c.reasoning), got.Usage.Reasoning, "reasoning")
			assert.ElementsMatch(t, c.notes, got.Notes)
			assert.Equal(t, c.wantProvider, got.Provider)
			assert.Equal(t, c.wantModel, got.RequestModel)
		})
	}
}

func TestAStreamIsToldByThePathToo(t *testing.T) {
	t.Parallel()
	const google, bedrock = "https://generativelanguage.googleapis.com/v1beta/models/m", "https://bedrock-runtime.eu-west-1.amazonaws.com/model/m"
	for url, want := range map[string]bool{
		google + ":streamGenerateContent?alt=sse": true,
		google + ":generateContent":               false,
		bedrock + "/converse-stream":              true,
		bedrock + "/invoke-with-response-stream":  true,
		bedrock + "/converse":                     false,
		"https://europe-west1-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/anthropic/models/m:streamRawPredict": true,
	} {
		got := call(t, `"url":"`+url+`","usage":null,"streaming":false`)
		assert.Equal(t, want, got.Streaming, url)
		note := map[bool]string{true: "stream_without_usage", false: "not_reported"}[want]
		assert.Equal(t, []string{note}, got.Notes, url)
	}
}

func TestASecretInATagLeavesItsMark(t *testing.T) {
	t.Parallel()
	got := call(t, `"usage":{"inputTokens":1,"outputTokens":1,"cacheReadTokens":0},"context":{"apiKey":"sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"}`)
	assert.Contains(t, got.Tags, genaispan.Tag{Key: "apiKey", Value: `"[secret]"`})
	assert.Empty(t, got.Notes)
}

func TestTraceIDsAreSharedByTheirText(t *testing.T) {
	t.Parallel()
	got := call(t, `"context":{"traceId":"order-4711","traceName":"checkout"}`)
	assert.Equal(t, "a1b046447c8db20e6536b63a9e993320", hexOf(got.TraceID[:]), "the vector that other services compute")
	assert.Zero(t, got.ParentSpanID)
	assert.Contains(t, got.Tags, genaispan.Tag{Key: "traceId", Value: `"order-4711"`})
	w3c := call(t, `"context":{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736"}`)
	assert.Equal(t, "4bf92f3577b34da6a3ce929d0e0e4736", hexOf(w3c.TraceID[:]))
	assert.NotZero(t, call(t, `"model":"m"`).TraceID)
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	var out strings.Builder
	for _, c := range b {
		out.WriteByte(digits[c>>4])
		out.WriteByte(digits[c&15])
	}
	return out.String()
}

func TestAResendIsTheSameSpan(t *testing.T) {
	t.Parallel()
	members := `"provider":"openai","model":"gpt-4o","context":{"team":"core"}`
	m := &ptrace.JSONMarshaler{}
	first, err := m.MarshalTraces(translated(t, body(members), false).Traces)
	require.NoError(t, err)
	second, err := m.MarshalTraces(translated(t, body(members), false).Traces)
	require.NoError(t, err)
	assert.Equal(t, first, second)
}

// leaks is an event with a marker in every place where the SDKs leak prompts, source code and keys.
const leaks = `"provider":"google","model":"gemini-2.5-pro","url":"https://user:LEAK@generativelanguage.googleapis.com/v1/models/gemini:generateContent?key=LEAK#LEAK",
	"requestBody":{"messages":[{"content":"LEAK"}]},"responseBody":{"id":"r1","candidates":["LEAK"]},"systemPrompt":"LEAK",
	"metadata":{"prompts":["LEAK"],"toolResults":"LEAK","webSearches":[{"q":"LEAK"}]},
	"callSite":{"raw":"  api_key = 'LEAK'","frames":[{"functionName":"ask","fileName":"/app/src/ask.py","lineNumber":3}]},
	"futureBody":{"text":"LEAK"},"futureList":["LEAK"],"futureKey":"sk-proj-abcdefghijklmnopqrstuvwxyz0123456789LEAK",
	"futureText":"LEAK ` + longText + `","context":{"team":"core"}`

const longText = "a sentence that is much longer than any label would be, and longer than what is kept of a field that nobody knows, since it may be a prompt"

func TestNothingLeaksWithCaptureOff(t *testing.T) {
	t.Parallel()
	out, err := (&ptrace.JSONMarshaler{}).MarshalTraces(translated(t, body(leaks), false).Traces)
	require.NoError(t, err)
	assert.NotContains(t, string(out), "LEAK")
	assert.Contains(t, string(out), "core", "the user's own tags are kept")
	assert.Contains(t, string(out), "src/ask.py")
}

// The Python SDK 0.4.0 sends this for a call in a line of source code that has ", in " in a text: what follows as the name.
func TestAPromptInALineOfSourceCodeIsNoFunctionsName(t *testing.T) {
	t.Parallel()
	const event = `{"sdkVersion":"python-0.4.0","events":[{"id":"0123456789abcdef0123456789abcdef","timestamp":"2026-03-01T10:00:01Z",
		"projectId":"shop","provider":"openai","model":"gpt-4o-mini","statusCode":429,"callSite":{"raw":` +
		`"  File \"/app/pyapp/app.py\", line 83, in <module>\n    main()\n  File \"/app/pyapp/app.py\", line 79, in main\n` +
		`    chat(\"LEAK in the source, in LEAK words\", fail=True)\n",` +
		`"frames":[{"functionName":"LEAK words\"","fileName":"/app/pyapp/app.py","lineNumber":79,"columnNumber":null},
		{"functionName":"<module>\n    main()","fileName":"/app/pyapp/app.py","lineNumber":83,"columnNumber":null}]}}]}`
	td := translated(t, []byte(event), false).Traces
	out, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
	require.NoError(t, err)
	assert.NotContains(t, string(out), "LEAK")
	assert.Contains(t, string(out), `{"stringValue":"main (pyapp/app.py:79)"}`)
	assert.Contains(t, string(out), `{"stringValue":"<module> (pyapp/app.py:83)"}`)
}

func TestCapturedBodiesHoldNoSecrets(t *testing.T) {
	t.Parallel()
	const key = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"
	td := translated(t, body(`"requestBody":{"messages":["hello, my key is `+key+`"]},"systemPrompt":"be kind `+key+`","responseBody":"hi"`), true).Traces
	out, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
	require.NoError(t, err)
	assert.Contains(t, string(out), "hello, my key is")
	assert.Contains(t, string(out), "be kind")
	assert.NotContains(t, string(out), key)
}

func TestFailuresAreMarked(t *testing.T) {
	t.Parallel()
	limited := call(t, `"statusCode":429,"model":"gpt-4o"`)
	assert.Equal(t, "429", limited.ErrorType)
	assert.True(t, limited.Refused())
	lost := call(t, `"statusCode":null,"model":"gpt-4o","usage":null`)
	assert.Equal(t, 0, lost.HTTPStatus)
}

func TestAProjectIsNamedByTheEventInOpenMode(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"shop": "shop", "Team A/Web": "team-a-web", "///": "", "": "", strings.Repeat("x", 80): strings.Repeat("x", 63)} {
		assert.Equal(t, want, translate.Slug(in), in)
	}
	b, err := protocol.Decode(body(`"model":"m"`), protocol.Settings{MaxEvents: 1})
	require.NoError(t, err)
	res := translate.Traces(&b, translate.Settings{Project: "the-keys"})
	assert.Equal(t, 1, res.ProjectIgnored)
	project, _ := res.Traces.ResourceSpans().At(0).Resource().Attributes().Get("costkey.project")
	assert.Equal(t, "the-keys", project.Str())
}

func TestTheCallSiteIsTheUsersInnermostFrame(t *testing.T) {
	t.Parallel()
	got := call(t, `"callSite":{"raw":"","frames":[{"functionName":"__ck_fetch","fileName":"/app/dist/x.js","lineNumber":1},
		{"functionName":"post","fileName":"/app/node_modules/openai/core.js","lineNumber":9},
		{"functionName":"new Cart","fileName":"/app/src/cart.ts","lineNumber":12},{"functionName":"main","fileName":"/app/src/main.ts","lineNumber":2}]}`)
	assert.Equal(t, "new.Cart", got.FunctionName)
	assert.Equal(t, "src/cart.ts", got.FilePath)
	assert.Equal(t, 12, got.LineNumber)
	assert.Equal(t, []string{"main (src/main.ts:2)", "new.Cart (src/cart.ts:12)"}, got.CallPath)
}

func TestTheSDKsEstimateIsKeptAsReported(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "0.00012", call(t, `"costUsd":0.00012`).ReportedCost)
	assert.Empty(t, call(t, `"costUsd":null`).ReportedCost)
}
