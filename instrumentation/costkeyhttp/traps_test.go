package costkeyhttp_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"

	"github.com/costkey/costkey-otel/semconv"
)

// The traps are cases in which other tools got the bill wrong: docs/billing-traps.md. These are in what providers send.

const claudeBody = `{"model":"claude-sonnet-4-5","max_tokens":100,"stream":true,"messages":[]}`

// sse is a stream of events of one data line each.
func sse(data ...string) string { return "data: " + strings.Join(data, "\n\ndata: ") + "\n\n" }

// streamed is a stream and the counts that its span must have; nil is none.
type streamed struct {
	url, request, answer  string
	input, output, cached any
}

func runStreams(t *testing.T, streams map[string]streamed) {
	t.Helper()
	for name, tc := range streams {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSpans(t)
			rt := transport(s, answering(200, eventTyp, strings.NewReader(tc.answer)))
			resp, err := rt.RoundTrip(post(t, tc.url, tc.request))
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			wantAttrs(t, s.one(t), map[attribute.Key]any{
				semconv.GenAIUsageInputTokensKey: tc.input, semconv.GenAIUsageOutputTokensKey: tc.output,
				semconv.GenAIUsageCacheReadInputTokensKey: tc.cached,
			})
		})
	}
}

const chunk = `{"id":"chatcmpl-1","model":"gpt-4o","choices":[{"index":0,"delta":{"content":"a"}}]`

func TestTrapA5_AStreamsUsageIsItsFinalFigure(t *testing.T) {
	t.Parallel()
	runStreams(t, map[string]streamed{
		"a host that says the usage so far with every chunk": {
			chatURL, chatBody, sse(
				chunk+`,"usage":{"prompt_tokens":100,"completion_tokens":1}}`,
				chunk+`,"usage":{"prompt_tokens":100,"completion_tokens":2}}`,
				chunk+`,"usage":{"prompt_tokens":100,"completion_tokens":3}}`, "[DONE]",
			), int64(100), int64(3), nil,
		},
		"the usage twice": {
			chatURL, chatBody, sse(
				chunk+`,"usage":{"prompt_tokens":100,"completion_tokens":3}}`,
				`{"id":"chatcmpl-1","model":"gpt-4o","choices":[],"usage":{"prompt_tokens":100,"completion_tokens":3}}`, "[DONE]",
			), int64(100), int64(3), nil,
		},
	})
}

func TestTrapA6_AnthropicsCumulativeCountsAreNotAddedUp(t *testing.T) {
	t.Parallel()
	runStreams(t, map[string]streamed{
		"message_delta repeats the whole usage": {
			anthropicURL + "/messages", claudeBody, sse(
				`{"type":"message_start","message":{"id":"msg_1","model":"claude-sonnet-4-5","usage":{"input_tokens":100,"cache_read_input_tokens":900,"output_tokens":8}}}`,
				`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}`,
				`{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":100,"cache_read_input_tokens":900,"output_tokens":50}}`,
				`{"type":"message_stop"}`,
			), int64(1000), int64(50), int64(900),
		},
	})
}

func TestTrapB8_UsageIsReadWhereverAStreamHasIt(t *testing.T) {
	t.Parallel()
	runStreams(t, map[string]streamed{
		"in a last chunk that has choices too": {
			chatURL, chatBody, sse(
				chunk+`}`, `{"id":"chatcmpl-1","model":"gpt-4o","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],`+
					`"usage":{"prompt_tokens":100,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":64}}}`, "[DONE]",
			), int64(100), int64(3), int64(64),
		},
		"of Claude through Vertex": {
			vertexURL + "anthropic/models/claude-sonnet-4-5@20250929:streamRawPredict", claudeBody, sse(
				`{"type":"message_start","message":{"id":"msg_vrtx_1","model":"claude-sonnet-4-5","usage":{"input_tokens":100,"output_tokens":1}}}`,
				`{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":50}}`,
				`{"type":"message_stop"}`,
			), int64(100), int64(50), nil,
		},
	})
}

func TestTrapB9_AStreamWithoutUsageIsNoGuess(t *testing.T) {
	t.Parallel()
	runStreams(t, map[string]streamed{
		"OpenAI's, which was not asked for it": {chatURL, chatBody, sse(chunk+`}`, chunk+`}`, "[DONE]"), nil, nil, nil},
	})
}

func TestTrapA10_WhatIsFetchedAgainIsNoCall(t *testing.T) {
	t.Parallel()
	const answer = `{"id":"resp_1","object":"response","status":"completed","model":"gpt-4o","usage":{"input_tokens":100,"output_tokens":50}}`
	for name, tc := range map[string]struct{ method, url string }{
		"a response polled":             {http.MethodGet, openAIURL + "/responses/resp_1"},
		"its stream taken up again":     {http.MethodGet, openAIURL + "/responses/resp_1?stream=true&starting_after=3"},
		"a stored completion":           {http.MethodGet, openAIURL + "/chat/completions/chatcmpl-1"},
		"the stored completions":        {http.MethodGet, openAIURL + "/chat/completions"},
		"a batch's status":              {http.MethodGet, openAIURL + "/batches/batch_1"},
		"a batch's answers":             {http.MethodGet, openAIURL + "/files/file-1/content"},
		"Anthropic's batch's status":    {http.MethodGet, anthropicURL + "/messages/batches/msgbatch_1"},
		"Anthropic's batch's answers":   {http.MethodGet, anthropicURL + "/messages/batches/msgbatch_1/results"},
		"Gemini's long-running answers": {http.MethodGet, "https://generativelanguage.googleapis.com/v1beta/batches/1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSpans(t)
			req, err := http.NewRequestWithContext(t.Context(), tc.method, tc.url, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := transport(s, answering(200, "application/json", strings.NewReader(answer))).RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if err != nil || string(body) != answer {
				t.Errorf("the answer came as %q: %v", body, err)
			}
			if n := len(s.genAI()); n != 0 {
				t.Errorf("%d calls of what was called before", n)
			}
		})
	}
}
