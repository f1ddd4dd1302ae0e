package costkeyhttp_test

import (
	"io"
	"net/http"
	"testing"

	"go.opentelemetry.io/otel/attribute"

	"github.com/costkey/costkey-otel/semconv"
)

const (
	responsesURL  = openAIURL + "/responses"
	googleChatURL = "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions"
	perplexityURL = "https://api.perplexity.ai/chat/completions"
	novaURL       = bedrockURL + "amazon.nova-lite-v1:0/converse"
)

// counted are answers, made after the page named, and what a reader of the span alone must find.
var counted = []struct {
	name, url, request, answer string
	header                     http.Header
	want                       map[attribute.Key]any
}{
	{
		name: "cache writes of a chat", url: openAIURL + "/chat/completions", // openai-go v3.96 completion.go
		answer: `{"model":"gpt-5.6","choices":[],"usage":{"prompt_tokens":3300,"completion_tokens":9.0,"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":3207}}}`,
		want: map[attribute.Key]any{
			semconv.GenAIUsageInputTokensKey: int64(3300), semconv.GenAIUsageOutputTokensKey: int64(9),
			semconv.GenAIUsageCacheCreationInputTokensKey: int64(3207),
		},
	},
	{
		name: "cache writes and a cost of a response", url: "https://openrouter.ai/api/v1/responses", // openai-go v3.96 responses/response.go
		answer: `{"status":"completed","usage":{"input_tokens":3300,"output_tokens":9,"cost":0.0123,"input_tokens_details":{"cache_write_tokens":3207}}}`,
		want: map[attribute.Key]any{
			semconv.GenAIUsageCacheCreationInputTokensKey: int64(3207), semconv.ReportedCostKey: "0.0123",
		},
	},
	{
		name: "a cost of messages", url: "https://openrouter.ai/api/v1/messages", // openrouter.ai/docs/api-reference/anthropic-messages
		answer: `{"usage":{"input_tokens":10,"output_tokens":2,"cache_read_input_tokens":5,"cost":0.5}}`,
		want:   map[attribute.Key]any{semconv.GenAIUsageInputTokensKey: int64(15), semconv.ReportedCostKey: "0.5"},
	},
	{
		name: "thoughts in a total alone", url: googleChatURL, // ai.google.dev/gemini-api/docs/openai
		answer: `{"choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":10,"total_tokens":1200}}`,
		want: map[attribute.Key]any{
			semconv.GenAIUsageOutputTokensKey: int64(200), semconv.GenAIUsageReasoningOutputTokensKey: int64(190),
		},
	},
	{
		name: "deep research", url: perplexityURL, // docs.perplexity.ai/getting-started/models/models/sonar-deep-research
		answer: `{"choices":[],"usage":{"prompt_tokens":19,"completion_tokens":100,"total_tokens":119,"citation_tokens":20,"num_search_queries":21,"reasoning_tokens":300,"cost":{"total_cost":0.63}}}`,
		want: map[attribute.Key]any{
			semconv.GenAIUsageOutputTokensKey: int64(420), semconv.GenAIUsageReasoningOutputTokensKey: int64(300),
			semconv.UsageWebSearchesKey: int64(21), semconv.ReportedCostKey: "0.63",
		},
	},
	{
		name: "searches that are told", url: responsesURL, // openai-go v3.96, ResponseToolUsage
		answer: `{"output":[{"type":"web_search_call","action":{"type":"search"}},{"type":"web_search_call","action":{"type":"search"}}],` +
			`"usage":{"input_tokens":1,"output_tokens":1},"tool_usage":{"image_gen":{"output_tokens":4160},"web_search":{"num_requests":1}}}`,
		want: map[attribute.Key]any{
			semconv.UsageWebSearchesKey: int64(1),
			semconv.ProviderUsageKey:    `{"input_tokens":1,"output_tokens":1,"tool_usage":{"image_gen":{"output_tokens":4160},"web_search":{"num_requests":1}}}`,
		},
	},
	{
		name: "searches among calls that open pages", url: responsesURL,
		answer: `{"output":[{"type":"web_search_call","action":{"type":"search"}},{"action":{"type":"open_page"},"type":"web_search_call"},` +
			`{"type":"web_search_call","action":{"type":"find_in_page"}},{"type":"web_search_call"}]}`,
		want: map[attribute.Key]any{semconv.UsageWebSearchesKey: int64(2)},
	},
	{
		name: "one-hour cache writes of Converse", url: novaURL, // docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html
		answer: `{"stopReason":"end_turn","usage":{"inputTokens":5,"outputTokens":1,"cacheWriteInputTokens":10000,"cacheDetails":[{"ttl":"1h","inputTokens":10000}]}}`,
		want: map[attribute.Key]any{
			semconv.GenAIUsageInputTokensKey: int64(10005), semconv.UsageCacheWrite1hKey: int64(10000),
		},
	},
	{
		name: "a tier in Bedrock's header", url: bedrockURL + "anthropic.claude-opus-5/invoke", // service-tiers-inference.html
		header: http.Header{"X-Amzn-Bedrock-Service-Tier": {"flex"}},
		answer: `{"usage":{"input_tokens":5,"output_tokens":1,"service_tier":"standard"}}`,
		want:   map[attribute.Key]any{semconv.ServiceTierKey: "flex"},
	},
	{
		name: "a tier in Gemini's header", url: geminiURL + ":generateContent", // ai.google.dev/gemini-api/docs/priority-inference
		header: http.Header{"X-Gemini-Service-Tier": {"standard"}}, request: `{"serviceTier":"priority"}`,
		answer: `{"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":1}}`,
		want:   map[attribute.Key]any{semconv.ServiceTierKey: "standard"},
	},
	{
		name: "a tier that was asked for", url: geminiURL + ":generateContent", request: `{"serviceTier":"flex"}`, // genai v1.77
		answer: `{"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":1}}`,
		want:   map[attribute.Key]any{semconv.ServiceTierKey: "flex"},
	},
	{
		name: "images without details", url: openAIURL + "/images/edits", // openai-go v3.96 image.go
		answer: `{"type":"image_edit.completed","usage":{"input_tokens":50,"output_tokens":4160,"input_tokens_details":{"image_tokens":40,"cached_tokens":30,"cached_tokens_details":{"image_tokens":20}}}}`,
		want: map[attribute.Key]any{
			semconv.GenAIUsageImageOutputTokensKey: int64(4160), semconv.GenAIUsageCacheReadInputTokensKey: int64(30),
			semconv.GenAIUsageImageCacheReadInputTokensKey: int64(20),
		},
	},
	{
		name: "a stream that calls itself JSON", url: openAIURL + "/chat/completions", request: `{"stream":true}`,
		answer: "\r\ndata: {\"model\":\"gpt-5\",\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n" +
			"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n",
		want: map[attribute.Key]any{
			semconv.GenAIUsageInputTokensKey: int64(7), semconv.GenAIResponseModelKey: "gpt-5", semconv.UsageMissingKey: nil,
		},
	},
}

func TestASpanTellsWhatItsUsageObjectTells(t *testing.T) {
	t.Parallel()
	for _, tc := range counted {
		for _, size := range []int{1, 7, len(tc.answer)} {
			s := newSpans(t)
			body := io.NopCloser(&pieces{rest: []byte(tc.answer), next: func() int { return size }})
			rt := transport(s, withHeader(tc.header, answering(200, "application/json", body)))
			drain(t, rt, post(t, tc.url, tc.request))
			t.Run(tc.name, func(t *testing.T) { wantAttrs(t, s.one(t), tc.want) })
		}
	}
}
