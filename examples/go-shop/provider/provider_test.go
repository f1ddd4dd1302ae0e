package provider_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/genai"

	"github.com/costkey/costkey-otel/examples/go-shop/provider"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}

// stand is a running stand-in with a client for each provider.
type stand struct {
	*provider.Provider
	url       string
	http      *http.Client
	openAI    openai.Client
	anthropic anthropic.Client
	google    *genai.Client
}

func start(t *testing.T, opts ...provider.Option) *stand {
	t.Helper()
	s := &stand{Provider: provider.New(opts...)}
	server := httptest.NewServer(s.Provider)
	t.Cleanup(server.Close)
	s.url, s.http = server.URL, server.Client()
	s.openAI = openai.NewClient(
		option.WithAPIKey("none"), option.WithBaseURL(s.url+"/v1/"), option.WithHTTPClient(s.http))
	s.anthropic = anthropic.NewClient(
		anthropicoption.WithAPIKey("none"), anthropicoption.WithBaseURL(s.url), anthropicoption.WithHTTPClient(s.http))
	google, err := genai.NewClient(t.Context(), &genai.ClientConfig{
		APIKey: "none", Backend: genai.BackendGeminiAPI, HTTPClient: s.http, HTTPOptions: genai.HTTPOptions{BaseURL: s.url},
	})
	require.NoError(t, err)
	s.google = google
	return s
}

// recorded is the n-th answer of the table for a request, which must be there.
func recorded(t *testing.T, api provider.API, model string, tool bool, n int) provider.Answer {
	t.Helper()
	for _, a := range provider.Answers() {
		if a.API != api || a.Model != model || (a.Tool != "") != tool {
			continue
		}
		if n == 0 {
			return a
		}
		n--
	}
	t.Fatalf("no answer of %s for %s", api, model)
	return provider.Answer{}
}

func (s *stand) lastCall(t *testing.T) provider.Call {
	t.Helper()
	calls := s.Served()
	require.NotEmpty(t, calls)
	return calls[len(calls)-1]
}

func chat(model string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{
		Model:    model,
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("hello")},
	}
}

func withTool(p openai.ChatCompletionNewParams) openai.ChatCompletionNewParams {
	p.Tools = []openai.ChatCompletionToolUnionParam{
		openai.ChatCompletionFunctionTool(openai.FunctionDefinitionParam{Name: "look_up_stock"}),
	}
	return p
}

func chatTokens(u openai.CompletionUsage) provider.Tokens {
	return provider.Tokens{
		Input: u.PromptTokens, CacheRead: u.PromptTokensDetails.CachedTokens,
		Output: u.CompletionTokens, Reasoning: u.CompletionTokensDetails.ReasoningTokens,
	}
}

func TestChat(t *testing.T) {
	t.Parallel()
	s := start(t)

	t.Run("a request with tools is answered with a call of one", func(t *testing.T) {
		want := recorded(t, provider.ChatCompletions, "gpt-5-mini", true, 0)
		got, err := s.openAI.Chat.Completions.New(t.Context(), withTool(chat("gpt-5-mini")))
		require.NoError(t, err)
		assert.Equal(t, "tool_calls", got.Choices[0].FinishReason)
		call := got.Choices[0].Message.ToolCalls[0]
		assert.Equal(t, want.Tool, call.Function.Name)
		assert.JSONEq(t, want.Text, call.Function.Arguments)
		assert.Equal(t, want.Tokens, chatTokens(got.Usage))
		assert.Equal(t, want.Served, got.Model)
		assert.Equal(t, want.Tokens, s.lastCall(t).Tokens)
		assert.Equal(t, got.ID, s.lastCall(t).ID)
	})
	t.Run("a request with a tool's result is answered with text", func(t *testing.T) {
		want := recorded(t, provider.ChatCompletions, "gpt-5-mini", false, 0)
		p := withTool(chat("gpt-5-mini"))
		p.Messages = append(p.Messages, openai.ToolMessage("12", "call_1"))
		got, err := s.openAI.Chat.Completions.New(t.Context(), p)
		require.NoError(t, err)
		assert.Equal(t, want.Text, got.Choices[0].Message.Content)
		assert.Equal(t, want.Tokens, chatTokens(got.Usage))
	})
}

func TestChatStream(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		tool      bool
		withUsage bool
	}{
		{"text with usage asked for", false, true},
		{"text without usage", false, false},
		{"a tool call with usage asked for", true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			want := recorded(t, provider.ChatCompletions, "gpt-5-mini", c.tool, 0)
			p := chat("gpt-5-mini")
			if c.tool {
				p = withTool(p)
			}
			if c.withUsage {
				p.StreamOptions.IncludeUsage = openai.Bool(true)
			} else {
				want.Tokens = provider.Tokens{}
			}
			stream := s.openAI.Chat.Completions.NewStreaming(t.Context(), p)
			defer func() { _ = stream.Close() }()
			var acc openai.ChatCompletionAccumulator
			for stream.Next() {
				require.True(t, acc.AddChunk(stream.Current()))
			}
			require.NoError(t, stream.Err())
			message := acc.Choices[0].Message
			if c.tool {
				require.Len(t, message.ToolCalls, 1)
				assert.Equal(t, want.Tool, message.ToolCalls[0].Function.Name)
				assert.JSONEq(t, want.Text, message.ToolCalls[0].Function.Arguments)
			} else {
				assert.Equal(t, want.Text, message.Content)
			}
			assert.Equal(t, want.Tokens, chatTokens(acc.Usage))
			assert.Equal(t, want.Tokens, s.lastCall(t).Tokens)
			assert.True(t, s.lastCall(t).Stream)
		})
	}
}

func responseTokens(u responses.ResponseUsage) provider.Tokens {
	return provider.Tokens{
		Input: u.InputTokens, CacheRead: u.InputTokensDetails.CachedTokens,
		Output: u.OutputTokens, Reasoning: u.OutputTokensDetails.ReasoningTokens,
	}
}

func ask(model string) responses.ResponseNewParams {
	return responses.ResponseNewParams{
		Model: model, Input: responses.ResponseNewParamsInputUnion{OfString: openai.String("hello")},
	}
}

func TestResponses(t *testing.T) {
	t.Parallel()
	s := start(t)
	want := recorded(t, provider.Responses, "gpt-5-mini", false, 0)

	t.Run("a whole answer", func(t *testing.T) {
		got, err := s.openAI.Responses.New(t.Context(), ask("gpt-5-mini"))
		require.NoError(t, err)
		assert.Equal(t, want.Text, got.OutputText())
		assert.Equal(t, want.Served, got.Model)
		assert.Equal(t, responses.ResponseStatusCompleted, got.Status)
		assert.Equal(t, want.Tokens, responseTokens(got.Usage))
	})
	t.Run("a stream", func(t *testing.T) {
		stream := s.openAI.Responses.NewStreaming(t.Context(), ask("gpt-5-mini"))
		defer func() { _ = stream.Close() }()
		var text strings.Builder
		var last responses.ResponseStreamEventUnion
		var number int64
		for stream.Next() {
			last = stream.Current()
			assert.Equal(t, number, last.SequenceNumber, "events are numbered without a gap")
			number++
			if last.Type == "response.output_text.delta" {
				text.WriteString(last.Delta)
			}
		}
		require.NoError(t, stream.Err())
		assert.Equal(t, "response.completed", last.Type)
		assert.Equal(t, want.Text, text.String())
		assert.Equal(t, want.Text, last.Response.OutputText())
		assert.Equal(t, want.Tokens, responseTokens(last.Response.Usage))
		assert.Equal(t, want.Tokens, s.lastCall(t).Tokens)
		assert.Equal(t, last.Response.ID, s.lastCall(t).ID)
	})
}

func TestEmbeddings(t *testing.T) {
	t.Parallel()
	s := start(t)
	want := recorded(t, provider.Embeddings, "text-embedding-3-small", false, 0)
	got, err := s.openAI.Embeddings.New(t.Context(), openai.EmbeddingNewParams{
		Model: "text-embedding-3-small",
		Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"kettle", "teapot"}},
	})
	require.NoError(t, err)
	require.Len(t, got.Data, 2)
	assert.Len(t, got.Data[1].Embedding, 1536)
	assert.NotEqual(t, got.Data[0].Embedding, got.Data[1].Embedding)
	assert.Equal(t, want.Tokens.Input, got.Usage.PromptTokens)
	assert.Equal(t, want.Tokens.Input, got.Usage.TotalTokens)
}

func message(model anthropic.Model) anthropic.MessageNewParams {
	return anthropic.MessageNewParams{
		Model: model, MaxTokens: 300,
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("hello"))},
	}
}

func messageTokens(u anthropic.Usage) provider.Tokens {
	return provider.Tokens{
		Input:        u.InputTokens + u.CacheReadInputTokens + u.CacheCreationInputTokens,
		CacheRead:    u.CacheReadInputTokens,
		CacheWrite5m: u.CacheCreation.Ephemeral5mInputTokens,
		CacheWrite1h: u.CacheCreation.Ephemeral1hInputTokens,
		Output:       u.OutputTokens,
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	s := start(t)
	for n, name := range []string{"the first answer writes the cache", "the second one reads it"} {
		t.Run(name, func(t *testing.T) {
			want := recorded(t, provider.Messages, "claude-sonnet-4-5", false, n)
			got, err := s.anthropic.Messages.New(t.Context(), message("claude-sonnet-4-5"))
			require.NoError(t, err)
			assert.Equal(t, want.Text, got.Content[0].Text)
			assert.Equal(t, want.Served, got.Model)
			assert.Equal(t, want.Tokens, messageTokens(got.Usage))
			assert.Equal(t, want.Tokens.CacheWrite(), got.Usage.CacheCreationInputTokens)
		})
	}
}

func TestMessagesStream(t *testing.T) {
	t.Parallel()
	s := start(t)
	want := recorded(t, provider.Messages, "claude-sonnet-4-5", false, 0)
	stream := s.anthropic.Messages.NewStreaming(t.Context(), message("claude-sonnet-4-5"))
	defer func() { _ = stream.Close() }()
	var acc anthropic.Message
	var types []string
	for stream.Next() {
		types = append(types, stream.Current().Type)
		require.NoError(t, acc.Accumulate(stream.Current()))
	}
	require.NoError(t, stream.Err())
	assert.Equal(t, []string{"message_start", "content_block_start"}, types[:2])
	assert.Equal(t, []string{"content_block_stop", "message_delta", "message_stop"}, types[len(types)-3:])
	assert.Equal(t, want.Text, acc.Content[0].Text)
	assert.Equal(t, want.Tokens, messageTokens(acc.Usage))
	assert.Equal(t, want.Tokens, s.lastCall(t).Tokens)
}

func googleTokens(u *genai.GenerateContentResponseUsageMetadata) provider.Tokens {
	return provider.Tokens{
		Input: int64(u.PromptTokenCount), CacheRead: int64(u.CachedContentTokenCount),
		Output: int64(u.CandidatesTokenCount + u.ThoughtsTokenCount), Reasoning: int64(u.ThoughtsTokenCount),
	}
}

func TestGenerateContent(t *testing.T) {
	t.Parallel()
	s := start(t)
	t.Run("a whole answer", func(t *testing.T) {
		want := recorded(t, provider.GenerateContent, "gemini-2.5-flash", false, 0)
		got, err := s.google.Models.GenerateContent(t.Context(), "gemini-2.5-flash", genai.Text("hello"), nil)
		require.NoError(t, err)
		assert.Equal(t, want.Text, got.Text())
		assert.Equal(t, want.Tokens, googleTokens(got.UsageMetadata))
		assert.Equal(t, int32(want.Tokens.Total()), got.UsageMetadata.TotalTokenCount)
		assert.Equal(t, s.lastCall(t).ID, got.ResponseID)
	})
	t.Run("a stream", func(t *testing.T) {
		want := recorded(t, provider.GenerateContent, "gemini-2.5-pro", false, 0)
		var text strings.Builder
		var last *genai.GenerateContentResponse
		for chunk, err := range s.google.Models.GenerateContentStream(t.Context(), "gemini-2.5-pro", genai.Text("hello"), nil) {
			require.NoError(t, err)
			text.WriteString(chunk.Text())
			last = chunk
		}
		require.NotNil(t, last)
		assert.Equal(t, want.Text, text.String())
		assert.Equal(t, want.Tokens, googleTokens(last.UsageMetadata))
		assert.Equal(t, genai.FinishReasonStop, last.Candidates[0].FinishReason)
		assert.Equal(t, want.Tokens, s.lastCall(t).Tokens)
	})
}

func TestBusyModelIsRetried(t *testing.T) {
	t.Parallel()
	s := start(t, provider.WithBusy("gpt-5-nano", 1), provider.WithBusy("claude-haiku-4-5", 1))
	_, err := s.openAI.Responses.New(t.Context(), ask("gpt-5-nano"))
	require.NoError(t, err, "the SDK tries again by itself")
	_, err = s.anthropic.Messages.New(t.Context(), message("claude-haiku-4-5"))
	require.NoError(t, err)
	var statuses []int
	for _, c := range s.Served() {
		statuses = append(statuses, c.Status)
	}
	assert.Equal(t, []int{429, 200, 429, 200}, statuses)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := start(t)
	t.Run("OpenAI: a model that does not exist", func(t *testing.T) {
		_, err := s.openAI.Chat.Completions.New(t.Context(), chat("gpt-none"))
		var apiErr *openai.Error
		require.ErrorAs(t, err, &apiErr)
		assert.Equal(t, 404, apiErr.StatusCode)
		assert.Equal(t, "model_not_found", apiErr.Code)
	})
	t.Run("OpenAI: too much output asked for", func(t *testing.T) {
		p := chat("gpt-5-mini")
		p.MaxCompletionTokens = openai.Int(1_000_000)
		_, err := s.openAI.Chat.Completions.New(t.Context(), p)
		var apiErr *openai.Error
		require.ErrorAs(t, err, &apiErr)
		assert.Equal(t, 400, apiErr.StatusCode)
		assert.Equal(t, "invalid_value", apiErr.Code)
	})
	t.Run("Anthropic: too much output asked for", func(t *testing.T) {
		p := message("claude-haiku-4-5")
		p.MaxTokens = 1_000_000
		stream := s.anthropic.Messages.NewStreaming(t.Context(), p) // the SDK refuses so much without a stream
		defer func() { _ = stream.Close() }()
		assert.False(t, stream.Next())
		var apiErr *anthropic.Error
		require.ErrorAs(t, stream.Err(), &apiErr)
		assert.Equal(t, 400, apiErr.StatusCode)
		assert.Equal(t, apiErr.RequestID, s.lastCall(t).RequestID)
	})
	t.Run("Google: a model that does not exist", func(t *testing.T) {
		_, err := s.google.Models.GenerateContent(t.Context(), "gemini-none", genai.Text("hello"), nil)
		var apiErr genai.APIError
		require.ErrorAs(t, err, &apiErr)
		assert.Equal(t, 404, apiErr.Code)
		assert.Equal(t, "NOT_FOUND", apiErr.Status)
	})
	t.Run("a request without a key", func(t *testing.T) {
		for _, path := range []string{"/v1/chat/completions", "/v1/messages", "/v1beta/models/gemini-2.5-pro:generateContent"} {
			status, body := s.post(t, path, `{"model":"gpt-5-mini"}`)
			assert.Contains(t, []int{401, 403}, status, path)
			assert.True(t, json.Valid(body), path)
		}
	})
	t.Run("a body that is not JSON", func(t *testing.T) {
		status, _ := s.post(t, "/v1/responses", `{"model":`)
		assert.Equal(t, 400, status)
	})
	assert.Zero(t, provider.Total(s.Served()), "nothing refused is billed")
}

func (s *stand) post(t *testing.T, path, body string) (int, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+path, strings.NewReader(body))
	require.NoError(t, err)
	resp, err := s.http.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, answer
}

func TestHeldStreamEndsWithTheClient(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		model string
		read  func(t *testing.T, ctx context.Context, s *stand, leave func()) error
		told  func(provider.Tokens) provider.Tokens
	}{
		{
			"OpenAI has told nothing", "gpt-4.1-nano",
			func(_ *testing.T, ctx context.Context, s *stand, leave func()) error {
				stream := s.openAI.Chat.Completions.NewStreaming(ctx, chat("gpt-4.1-nano"))
				defer func() { _ = stream.Close() }()
				for stream.Next() {
					if stream.Current().Choices[0].Delta.Content != "" {
						leave()
					}
				}
				return stream.Err()
			},
			func(provider.Tokens) provider.Tokens { return provider.Tokens{} },
		},
		{
			"Anthropic has told the input", "claude-haiku-4-5",
			func(_ *testing.T, ctx context.Context, s *stand, leave func()) error {
				stream := s.anthropic.Messages.NewStreaming(ctx, message("claude-haiku-4-5"))
				defer func() { _ = stream.Close() }()
				for stream.Next() {
					if stream.Current().Type == "content_block_delta" {
						leave()
					}
				}
				return stream.Err()
			},
			func(all provider.Tokens) provider.Tokens {
				all.Output = 0
				return all
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := provider.New(provider.WithHold(c.model, 1))
			server := httptest.NewServer(p)
			s := &stand{Provider: p, http: server.Client()}
			s.openAI = openai.NewClient(option.WithAPIKey("none"), option.WithBaseURL(server.URL+"/v1/"))
			s.anthropic = anthropic.NewClient(anthropicoption.WithAPIKey("none"), anthropicoption.WithBaseURL(server.URL))
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			err := c.read(t, ctx, s, leave)
			require.ErrorIs(t, err, context.Canceled)
			server.Close() // waits for the handler, which writes the log's end
			calls := p.Served()
			require.Len(t, calls, 1)
			assert.True(t, calls[0].Interrupted)
			var all provider.Tokens
			for _, a := range provider.Answers() {
				if a.Model == c.model {
					all = a.Tokens
				}
			}
			assert.Equal(t, c.told(all), calls[0].Tokens)
		})
	}
}

func TestEveryAnswerHasAFreshID(t *testing.T) {
	t.Parallel()
	s := start(t)
	seen := make(map[string]bool)
	for range 5 {
		got, err := s.openAI.Chat.Completions.New(t.Context(), chat("gpt-4.1-mini"))
		require.NoError(t, err)
		assert.False(t, seen[got.ID], "%s came before", got.ID)
		seen[got.ID] = true
	}
}

func TestTableAddsUp(t *testing.T) {
	t.Parallel()
	for _, a := range provider.Answers() {
		name := string(a.API) + " " + a.Model
		assert.Positive(t, a.Tokens.Input, name)
		assert.GreaterOrEqual(t, a.Tokens.Uncached(), int64(0), name)
		assert.GreaterOrEqual(t, a.Tokens.Visible(), int64(0), name)
	}
	want := provider.Tokens{Input: 22240, CacheRead: 10014, CacheWrite5m: 613, CacheWrite1h: 3897, Output: 3803, Reasoning: 2296}
	var got provider.Tokens
	for _, a := range provider.Answers() {
		got = got.Add(a.Tokens)
	}
	assert.Equal(t, want, got, "the sum of the documented table")
}

func TestUnknownPathsAreNoCalls(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, err := s.openAI.Models.List(t.Context())
	var apiErr *openai.Error
	require.True(t, errors.As(err, &apiErr))
	assert.Empty(t, s.Served())
}
