package costkeyhttp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
	goopenai "github.com/sashabaranov/go-openai"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/genai"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
	"github.com/costkey/costkey-otel/semconv"
)

// standIn plays recorded answers, by path and by whether a stream is asked for.
type standIn struct {
	*httptest.Server
	refuse  atomic.Int32 // how many calls are refused before one is answered
	headers atomic.Value // names of the last request's headers
}

func newStandIn(t testing.TB) *standIn {
	t.Helper()
	s := &standIn{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.headers.Store(headerNames(r.Header))
		w.Header().Set("x-request-id", "req_standin")
		if s.refuse.Add(-1) >= 0 {
			w.Header().Set("Content-Type", jsonTyp)
			w.Header().Set("retry-after-ms", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = w.Write(read(t, "openai-chat-error-429/answer.json"))
			return
		}
		answer, typ := answerOf(t, recordingFor(r.URL.Path, strings.Contains(string(body), `"stream":true`)))
		w.Header().Set("Content-Type", typ)
		for len(answer) > 0 { // in many small writes, as providers do
			n := min(len(answer), 150)
			_, _ = w.Write(answer[:n])
			answer = answer[n:]
			w.(http.Flusher).Flush()
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func headerNames(h http.Header) string {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	return fmt.Sprint(len(names), names)
}

func recordingFor(path string, stream bool) string {
	name := map[string]string{
		"/v1/chat/completions": "openai-chat",
		"/v1/responses":        "openai-responses",
		"/v1/embeddings":       "openai-embeddings",
		"/v1/messages":         "anthropic-messages",
		"/v1beta/models/gemini-2.5-flash:generateContent":       "gemini-generate",
		"/v1beta/models/gemini-2.5-flash:streamGenerateContent": "gemini-stream",
	}[path]
	if stream {
		name += "-stream"
	}
	return name
}

func (s *standIn) client(sp *spans, provider string) *http.Client {
	return &http.Client{Transport: transport(sp, s.Server.Client().Transport,
		costkeyhttp.WithProvider(strings.TrimPrefix(s.URL, "http://"), provider))}
}

// sdkCalls are calls through the official SDKs; each returns the text it got.
var sdkCalls = []struct {
	name, provider string
	call           func(ctx context.Context, s *standIn, client *http.Client) (string, error)
	want           map[attribute.Key]any
}{
	{"openai chat", "openai", func(ctx context.Context, s *standIn, client *http.Client) (string, error) {
		c := openai.NewClient(option.WithAPIKey("SECRET"), option.WithBaseURL(s.URL+"/v1"), option.WithHTTPClient(client))
		answer, err := c.Chat.Completions.New(ctx, openAIParams())
		if err != nil {
			return "", err
		}
		return answer.Choices[0].Message.Content, nil
	}, map[attribute.Key]any{
		semconv.GenAIRequestModelKey: "gpt-4o", semconv.GenAIUsageInputTokensKey: int64(1511),
		semconv.GenAIRequestStreamKey: nil, semconv.GenAIResponseTimeToFirstChunkKey: nil,
	}},
	{"openai chat, streamed", "openai", func(ctx context.Context, s *standIn, client *http.Client) (string, error) {
		c := openai.NewClient(option.WithAPIKey("SECRET"), option.WithBaseURL(s.URL+"/v1"), option.WithHTTPClient(client))
		stream := c.Chat.Completions.NewStreaming(ctx, openAIParams())
		var text string
		for stream.Next() {
			if choices := stream.Current().Choices; len(choices) > 0 {
				text += choices[0].Delta.Content
			}
		}
		return text, stream.Err()
	}, map[attribute.Key]any{
		semconv.GenAIRequestModelKey: "gpt-4o", semconv.GenAIUsageOutputTokensKey: int64(171),
		semconv.GenAIRequestStreamKey: true, semconv.UsageMissingKey: nil,
	}},
	{"openai responses, streamed", "openai", func(ctx context.Context, s *standIn, client *http.Client) (string, error) {
		c := openai.NewClient(option.WithAPIKey("SECRET"), option.WithBaseURL(s.URL+"/v1"), option.WithHTTPClient(client))
		stream := c.Responses.NewStreaming(ctx, responses.ResponseNewParams{
			Model: "gpt-5", Input: responses.ResponseNewParamsInputUnion{OfString: openai.String("PROMPT-MARKER")},
		})
		var text string
		for stream.Next() {
			text += stream.Current().Delta
		}
		return text, stream.Err()
	}, map[attribute.Key]any{
		semconv.GenAIRequestModelKey: "gpt-5", semconv.GenAIUsageReasoningOutputTokensKey: int64(64), semconv.UsageMissingKey: nil,
	}},
	{"openai embeddings", "openai", func(ctx context.Context, s *standIn, client *http.Client) (string, error) {
		c := openai.NewClient(option.WithAPIKey("SECRET"), option.WithBaseURL(s.URL+"/v1"), option.WithHTTPClient(client))
		answer, err := c.Embeddings.New(ctx, openai.EmbeddingNewParams{
			Model: "text-embedding-3-small", Input: openai.EmbeddingNewParamsInputUnion{OfString: openai.String("PROMPT-MARKER")},
		})
		if err != nil {
			return "", err
		}
		return fmt.Sprint(answer.Usage.TotalTokens), nil
	}, map[attribute.Key]any{semconv.GenAIOperationNameKey: "embeddings", semconv.GenAIUsageInputTokensKey: int64(8)}},
	{"anthropic messages", "anthropic", func(ctx context.Context, s *standIn, client *http.Client) (string, error) {
		c := anthropic.NewClient(anthropicoption.WithAPIKey("SECRET"), anthropicoption.WithBaseURL(s.URL), anthropicoption.WithHTTPClient(client))
		answer, err := c.Messages.New(ctx, anthropicParams())
		if err != nil {
			return "", err
		}
		return answer.Content[0].Text, nil
	}, map[attribute.Key]any{semconv.GenAIUsageInputTokensKey: int64(5000), semconv.UsageCacheWrite1hKey: int64(300)}},
	{"anthropic messages, streamed", "anthropic", func(ctx context.Context, s *standIn, client *http.Client) (string, error) {
		c := anthropic.NewClient(anthropicoption.WithAPIKey("SECRET"), anthropicoption.WithBaseURL(s.URL), anthropicoption.WithHTTPClient(client))
		stream := c.Messages.NewStreaming(ctx, anthropicParams())
		var text string
		for stream.Next() {
			text += stream.Current().Delta.Text
		}
		return text, stream.Err()
	}, map[attribute.Key]any{semconv.GenAIUsageInputTokensKey: int64(5000), semconv.GenAIUsageOutputTokensKey: int64(181)}},
	{"google generate", "gcp.gemini", func(ctx context.Context, s *standIn, client *http.Client) (string, error) {
		c, err := googleClient(ctx, s, client)
		if err != nil {
			return "", err
		}
		answer, err := c.Models.GenerateContent(ctx, "gemini-2.5-flash", genai.Text("PROMPT-MARKER"), nil)
		if err != nil {
			return "", err
		}
		return answer.Text(), nil
	}, map[attribute.Key]any{semconv.GenAIRequestModelKey: "gemini-2.5-flash", semconv.GenAIUsageOutputTokensKey: int64(171)}},
	{"google generate, streamed", "gcp.gemini", func(ctx context.Context, s *standIn, client *http.Client) (string, error) {
		c, err := googleClient(ctx, s, client)
		if err != nil {
			return "", err
		}
		var text string
		for answer, err := range c.Models.GenerateContentStream(ctx, "gemini-2.5-flash", genai.Text("PROMPT-MARKER"), nil) {
			if err != nil {
				return "", err
			}
			text += answer.Text()
		}
		return text, nil
	}, map[attribute.Key]any{semconv.GenAIUsageOutputTokensKey: int64(171), semconv.GenAIRequestStreamKey: true}},
	{"sashabaranov/go-openai, streamed", "openai", func(ctx context.Context, s *standIn, client *http.Client) (string, error) {
		config := goopenai.DefaultConfig("SECRET")
		config.BaseURL, config.HTTPClient = s.URL+"/v1", client
		stream, err := goopenai.NewClientWithConfig(config).CreateChatCompletionStream(ctx, goopenai.ChatCompletionRequest{
			Model: "gpt-4o", Messages: []goopenai.ChatCompletionMessage{{Role: "user", Content: "PROMPT-MARKER"}},
		})
		if err != nil {
			return "", err
		}
		defer func() { _ = stream.Close() }()
		var text string
		for {
			chunk, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				return text, nil
			}
			if err != nil {
				return "", err
			}
			if len(chunk.Choices) > 0 {
				text += chunk.Choices[0].Delta.Content
			}
		}
	}, map[attribute.Key]any{semconv.GenAIUsageOutputTokensKey: int64(171), semconv.UsageMissingKey: nil}},
}

func openAIParams() openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{
		Model: "gpt-4o", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("PROMPT-MARKER")},
	}
}

func anthropicParams() anthropic.MessageNewParams {
	return anthropic.MessageNewParams{
		Model: "claude-sonnet-4-5", MaxTokens: 64,
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("PROMPT-MARKER"))},
	}
}

func googleClient(ctx context.Context, s *standIn, client *http.Client) (*genai.Client, error) {
	return genai.NewClient(ctx, &genai.ClientConfig{
		APIKey: "SECRET", Backend: genai.BackendGeminiAPI, HTTPClient: client, HTTPOptions: genai.HTTPOptions{BaseURL: s.URL},
	})
}

func TestTheOfficialSDKsGetTheSameWithAndWithoutUs(t *testing.T) {
	t.Parallel()
	for _, tc := range sdkCalls {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s, server := newSpans(t), newStandIn(t)
			bare, err := tc.call(context.Background(), server, server.Server.Client())
			if err != nil {
				t.Fatal(err)
			}
			bareHeaders := server.headers.Load()
			client := server.client(s, tc.provider)
			got, err := tc.call(context.Background(), server, client)
			if err != nil {
				t.Fatal(err)
			}
			client.CloseIdleConnections()
			if got != bare || got == "" {
				t.Errorf("got %q, without us %q", got, bare)
			}
			if with := server.headers.Load(); len(with.(string)) != len(bareHeaders.(string)) {
				t.Errorf("headers %v, without us %v", with, bareHeaders)
			}
			span := s.one(t)
			wantAttrs(t, span, tc.want)
			wantAttrs(t, span, map[attribute.Key]any{semconv.RequestIDKey: "req_standin", semconv.GenAIProviderNameKey: tc.provider})
			if function, _ := attrs(span)[semconv.CodeFunctionNameKey].(string); !strings.Contains(function, "costkeyhttp_test") {
				t.Errorf("the call is put down to %q", function)
			}
			if text := s.everything(); strings.Contains(text, "SECRET") || strings.Contains(text, "MARKER") {
				t.Errorf("a key or a text has reached a span:\n%s", text)
			}
		})
	}
}

func TestEachTryOfAnSDKIsACallAndOnlyTheLastHasUsage(t *testing.T) {
	t.Parallel()
	s, server := newSpans(t), newStandIn(t)
	server.refuse.Store(2)
	c := openai.NewClient(option.WithAPIKey("k"), option.WithBaseURL(server.URL+"/v1"), option.WithHTTPClient(server.client(s, "openai")))
	if _, err := c.Chat.Completions.New(context.Background(), openAIParams()); err != nil {
		t.Fatal(err)
	}
	all := s.genAI()
	if len(all) != 3 {
		t.Fatalf("%d spans, not 3", len(all))
	}
	for _, span := range all[:2] {
		// The SDK closes a refused try's body unread, so that the provider's word never passes by.
		wantAttrs(t, span, map[attribute.Key]any{
			semconv.HTTPResponseStatusCodeKey: int64(429), semconv.ErrorTypeKey: "429",
			semconv.GenAIUsageInputTokensKey: nil, semconv.UsageMissingKey: nil,
		})
	}
	wantAttrs(t, all[2], map[attribute.Key]any{semconv.ErrorTypeKey: nil, semconv.GenAIUsageInputTokensKey: int64(1511)})
}

func TestAnthropicsOwnSpanIsAboveOurs(t *testing.T) {
	t.Parallel()
	s, server := newSpans(t), newStandIn(t)
	c := anthropic.NewClient(anthropicoption.WithAPIKey("k"), anthropicoption.WithBaseURL(server.URL),
		anthropicoption.WithHTTPClient(server.client(s, "anthropic")), anthropicoption.WithTracerProvider(s.provider))
	if _, err := c.Messages.New(context.Background(), anthropicParams()); err != nil {
		t.Fatal(err)
	}
	stream := c.Messages.NewStreaming(context.Background(), anthropicParams())
	for stream.Next() {
	}
	if err := stream.Close(); err != nil {
		t.Fatal(err)
	}
	calls := s.genAI()
	if len(calls) != 2 {
		t.Fatalf("%d calls, not 2", len(calls))
	}
	for _, call := range calls {
		var above sdktrace.ReadOnlySpan
		for _, span := range s.Ended() {
			if span.SpanContext().SpanID() == call.Parent().SpanID() {
				above = span
			}
		}
		if above == nil || above.InstrumentationScope().Name != "com.anthropic.sdk.go" {
			t.Fatalf("the span above ours is %v", above)
		}
		want := attrs(above)
		for _, key := range []attribute.Key{
			semconv.GenAIResponseIDKey, semconv.GenAIUsageInputTokensKey, semconv.GenAIUsageOutputTokensKey,
			semconv.GenAIUsageCacheReadInputTokensKey, semconv.GenAIResponseModelKey,
		} {
			if got := attrs(call)[key]; got != want[key] {
				t.Errorf("%s is %v, the SDK says %v", key, got, want[key])
			}
		}
	}
}
