package costkeyhttp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"
	goopenai "github.com/sashabaranov/go-openai"
	"go.opentelemetry.io/otel/attribute"
	"google.golang.org/genai"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
	"github.com/costkey/costkey-otel/semconv"
)

// played is one answer of the player.
type played struct {
	status int
	file   string // of testdata, else body
	body   string
	stream bool
	hangs  bool // nothing comes behind the first event until the caller leaves
}

// player answers the requests that come, in order, and writes down what they were.
type player struct {
	*httptest.Server
	t       testing.TB
	answers []played
	mu      sync.Mutex
	log     []string
}

func newPlayer(t testing.TB, answers []played) *player {
	t.Helper()
	p := &player{t: t, answers: answers}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *player) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	names := make([]string, 0, len(r.Header))
	for name := range r.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	p.mu.Lock()
	a := p.answers[min(len(p.log), len(p.answers)-1)]
	p.log = append(p.log, fmt.Sprint(r.Method, r.URL.Path, names, string(body)))
	p.mu.Unlock()

	answer := []byte(a.body)
	if a.file != "" {
		answer = read(p.t, a.file)
	}
	piece := 120 // in small writes, as providers do
	if a.hangs {
		answer = answer[:endOfEvent.FindIndex(answer)[1]]
		piece = len(answer)
	}
	w.Header().Set("Content-Type", map[bool]string{true: eventTyp, false: jsonTyp}[a.stream])
	w.Header().Set("Retry-After-Ms", "1")
	w.WriteHeader(max(a.status, http.StatusOK))
	for len(answer) > 0 {
		n := min(len(answer), piece)
		_, _ = w.Write(answer[:n])
		answer = answer[n:]
		w.(http.Flusher).Flush()
	}
	if a.hangs {
		<-r.Context().Done()
	}
}

var endOfEvent = regexp.MustCompile(`\r?\n\r?\n`)

// heard returns what was asked for, without what differs from server to server.
func (p *player) heard() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.log)
}

// seen collects everything that a caller sees, as text.
type seen struct{ lines []string }

func (s *seen) say(v any) {
	if err, ok := v.(error); ok {
		s.lines = append(s.lines, fmt.Sprintf("error %T %v", err, err))
		return
	}
	text, err := json.Marshal(v)
	if err != nil {
		text = []byte(err.Error())
	}
	s.lines = append(s.lines, string(text))
}

const (
	structuredAnswer = `{"id":"c-1","object":"chat.completion","created":1,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"role":"assistant","content":"{\"city\":\"ANSWER-MARKER\"}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":21,"completion_tokens":7,"total_tokens":28}}`
	claudeTool       = `{"id":"m-1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[{"type":"tool_use","id":"t-1","name":"weather","input":{"city":"ANSWER-MARKER"}}],"stop_reason":"tool_use","usage":{"input_tokens":21,"output_tokens":7}}`
	geminiTool       = `{"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"weather","args":{"city":"ANSWER-MARKER"}}}]},"finishReason":"STOP"}],"modelVersion":"gemini-2.5-flash","responseId":"g-1","usageMetadata":{"promptTokenCount":21,"candidatesTokenCount":7,"totalTokenCount":28}}`
	geminiBreak      = `data: {"candidates":[{"content":{"role":"model","parts":[{"text":"ANSWER-MARKER"}]}}],"modelVersion":"gemini-2.5-flash","responseId":"g-1"}` + "\r\n\r\n" +
		`data: {"error":{"code":503,"message":"ERROR-MARKER","status":"UNAVAILABLE"}}` + "\r\n\r\n"
	refusedBody = `{"error":{"code":400,"message":"ERROR-MARKER","status":"INVALID_ARGUMENT","type":"invalid_request_error"},"type":"error"}`
)

// citySchema is a schema of structured output and of a tool's input.
var citySchema = map[string]any{
	"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}}, "required": []string{"city"}, "additionalProperties": false,
}

// leave says how a caller of a stream behaves after its first event.
type leave int

const (
	stay   leave = iota
	cancel       // ends the context and reads on
	quit         // closes the stream
)

// sdk is one SDK: a call of each kind, in which everything that the caller sees is said.
type sdk struct {
	name, provider string
	plain          func(ctx context.Context, url string, client *http.Client, s *seen)
	streamed       func(ctx context.Context, stop func(), url string, client *http.Client, l leave, s *seen)
	tool           played // a plain answer that calls a tool or is structured
	stream         played
	toolStream     played
	broken         played
	retries        bool
}

var sdks = []sdk{
	{
		name: "openai-go", provider: "openai", plain: openAIPlain, streamed: openAIStreamed,
		tool: played{body: structuredAnswer}, stream: played{file: "openai-chat-stream/answer.sse", stream: true},
		toolStream: played{file: "openai-chat-stream-tools/answer.sse", stream: true},
		broken:     played{file: "openai-chat-stream-error/answer.sse", stream: true}, retries: true,
	},
	{
		name: "anthropic-sdk-go", provider: "anthropic", plain: anthropicPlain, streamed: anthropicStreamed,
		tool: played{body: claudeTool}, stream: played{file: "anthropic-messages-stream/answer.sse", stream: true},
		toolStream: played{file: "anthropic-messages-stream-tools/answer.sse", stream: true},
		broken:     played{file: "anthropic-messages-stream-error/answer.sse", stream: true}, retries: true,
	},
	{
		name: "genai", provider: "gcp.gemini", plain: geminiPlain, streamed: geminiStreamed,
		tool: played{body: geminiTool}, stream: played{file: "gemini-stream/answer.sse", stream: true},
		toolStream: played{body: "data: " + geminiTool + "\r\n\r\n", stream: true},
		broken:     played{body: geminiBreak, stream: true}, retries: true,
	},
	{
		name: "sashabaranov/go-openai", provider: "openai", plain: goOpenAIPlain, streamed: goOpenAIStreamed,
		tool: played{body: structuredAnswer}, stream: played{file: "openai-chat-stream/answer.sse", stream: true},
		toolStream: played{file: "openai-chat-stream-tools/answer.sse", stream: true},
		broken:     played{file: "openai-chat-stream-error/answer.sse", stream: true},
	},
}

func openAIRequest() openai.ChatCompletionNewParams {
	p := openAIParams()
	p.Tools = []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{Name: "weather", Parameters: citySchema})}
	p.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{
		Name: "city", Schema: citySchema, Strict: openai.Bool(true),
	}}
	return p
}

func openAIClient(url string, client *http.Client) openai.Client {
	return openai.NewClient(option.WithAPIKey("SECRET"), option.WithBaseURL(url+"/v1"), option.WithHTTPClient(client))
}

func openAIPlain(ctx context.Context, url string, client *http.Client, s *seen) {
	c := openAIClient(url, client)
	answer, err := c.Chat.Completions.New(ctx, openAIRequest())
	if err != nil {
		s.say(err)
		return
	}
	s.say(json.RawMessage(answer.RawJSON()))
}

func openAIStreamed(ctx context.Context, stop func(), url string, client *http.Client, l leave, s *seen) {
	c := openAIClient(url, client)
	stream := c.Chat.Completions.NewStreaming(ctx, openAIRequest())
	for stream.Next() {
		s.say(json.RawMessage(stream.Current().RawJSON()))
		if l == cancel {
			stop()
		}
		if l == quit {
			break
		}
	}
	s.say(fmt.Sprint(errors.Is(stream.Err(), context.Canceled), stream.Err(), stream.Close()))
}

func anthropicRequest() anthropic.MessageNewParams {
	p := anthropicParams()
	p.Tools = []anthropic.ToolUnionParam{anthropic.ToolUnionParamOfTool(
		anthropic.ToolInputSchemaParam{Properties: citySchema["properties"], Required: []string{"city"}}, "weather")}
	return p
}

func anthropicClient(url string, client *http.Client) anthropic.Client {
	return anthropic.NewClient(anthropicoption.WithAPIKey("SECRET"), anthropicoption.WithBaseURL(url), anthropicoption.WithHTTPClient(client))
}

func anthropicPlain(ctx context.Context, url string, client *http.Client, s *seen) {
	c := anthropicClient(url, client)
	answer, err := c.Messages.New(ctx, anthropicRequest())
	if err != nil {
		s.say(err)
		return
	}
	s.say(json.RawMessage(answer.RawJSON()))
}

func anthropicStreamed(ctx context.Context, stop func(), url string, client *http.Client, l leave, s *seen) {
	c := anthropicClient(url, client)
	stream := c.Messages.NewStreaming(ctx, anthropicRequest())
	for stream.Next() {
		s.say(json.RawMessage(stream.Current().RawJSON()))
		if l == cancel {
			stop()
		}
		if l == quit {
			break
		}
	}
	s.say(fmt.Sprint(errors.Is(stream.Err(), context.Canceled), stream.Err(), stream.Close()))
}

func geminiRequest() *genai.GenerateContentConfig {
	return &genai.GenerateContentConfig{Tools: []*genai.Tool{{FunctionDeclarations: []*genai.FunctionDeclaration{{
		Name: "weather", Parameters: &genai.Schema{Type: genai.TypeObject, Properties: map[string]*genai.Schema{"city": {Type: genai.TypeString}}},
	}}}}}
}

func geminiOf(ctx context.Context, url string, client *http.Client) (*genai.Client, error) {
	delay := 0.001
	return genai.NewClient(ctx, &genai.ClientConfig{
		APIKey: "SECRET", Backend: genai.BackendGeminiAPI, HTTPClient: client,
		HTTPOptions: genai.HTTPOptions{BaseURL: url, RetryOptions: &genai.HTTPRetryOptions{InitialDelay: &delay, MaxDelay: &delay}},
	})
}

func geminiPlain(ctx context.Context, url string, client *http.Client, s *seen) {
	c, err := geminiOf(ctx, url, client)
	if err != nil {
		s.say(err)
		return
	}
	answer, err := c.Models.GenerateContent(ctx, "gemini-2.5-flash", genai.Text("PROMPT-MARKER"), geminiRequest())
	if err != nil {
		s.say(err)
		return
	}
	answer.SDKHTTPResponse = nil // it holds the date
	s.say(answer)
}

func geminiStreamed(ctx context.Context, stop func(), url string, client *http.Client, l leave, s *seen) {
	c, err := geminiOf(ctx, url, client)
	if err != nil {
		s.say(err)
		return
	}
	for answer, err := range c.Models.GenerateContentStream(ctx, "gemini-2.5-flash", genai.Text("PROMPT-MARKER"), geminiRequest()) {
		if err != nil {
			s.say(fmt.Sprint(errors.Is(err, context.Canceled), err))
			return
		}
		answer.SDKHTTPResponse = nil
		s.say(answer)
		if l == cancel {
			stop()
		}
		if l == quit {
			return
		}
	}
}

func goOpenAIOf(url string, client *http.Client) *goopenai.Client {
	config := goopenai.DefaultConfig("SECRET")
	config.BaseURL, config.HTTPClient = url+"/v1", client
	return goopenai.NewClientWithConfig(config)
}

func goOpenAIRequest() goopenai.ChatCompletionRequest {
	schema, _ := json.Marshal(citySchema)
	return goopenai.ChatCompletionRequest{
		Model: "gpt-4o", Messages: []goopenai.ChatCompletionMessage{{Role: "user", Content: "PROMPT-MARKER"}},
		Tools: []goopenai.Tool{{Type: goopenai.ToolTypeFunction, Function: &goopenai.FunctionDefinition{Name: "weather", Parameters: json.RawMessage(schema)}}},
		ResponseFormat: &goopenai.ChatCompletionResponseFormat{
			Type:       goopenai.ChatCompletionResponseFormatTypeJSONSchema,
			JSONSchema: &goopenai.ChatCompletionResponseFormatJSONSchema{Name: "city", Schema: json.RawMessage(schema), Strict: true},
		},
	}
}

func goOpenAIPlain(ctx context.Context, url string, client *http.Client, s *seen) {
	answer, err := goOpenAIOf(url, client).CreateChatCompletion(ctx, goOpenAIRequest())
	if err != nil {
		s.say(err)
		return
	}
	s.say(answer)
}

func goOpenAIStreamed(ctx context.Context, stop func(), url string, client *http.Client, l leave, s *seen) {
	stream, err := goOpenAIOf(url, client).CreateChatCompletionStream(ctx, goOpenAIRequest())
	if err != nil {
		s.say(err)
		return
	}
	defer func() { s.say(fmt.Sprint("close ", stream.Close())) }()
	for {
		chunk, err := stream.Recv()
		if err != nil {
			s.say(fmt.Sprint(errors.Is(err, io.EOF), errors.Is(err, context.Canceled), err))
			return
		}
		s.say(chunk)
		if l == cancel {
			stop()
		}
		if l == quit {
			return
		}
	}
}

// scenario is one thing that happens to a call, and what the spans of its tries say of it.
type scenario struct {
	name    string
	answers []played
	leave   leave // of streams
	errors  []any // error.type of each try
	missing any   // of the last try
	input   bool  // the last try tells its input
}

// scenarios returns the scenarios of an SDK, the plain ones first.
func (k sdk) scenarios() (plain, streamed []scenario) {
	refused := played{status: http.StatusBadRequest, body: refusedBody}
	busy := played{status: http.StatusTooManyRequests, file: "openai-chat-error-429/answer.json"}
	hanging := k.stream
	hanging.hangs = true
	plain = []scenario{
		{name: "tools and structured output", answers: []played{k.tool}, errors: []any{nil}, input: true},
		{name: "a refusal", answers: []played{refused}, errors: []any{"400|invalid_request_error|INVALID_ARGUMENT"}},
	}
	if k.retries {
		plain = append(plain, scenario{name: "two tries refused, then answered", answers: []played{busy, busy, k.tool}, errors: []any{"429", "429", nil}, input: true})
	}
	streamed = []scenario{
		{name: "a stream", answers: []played{k.stream}, errors: []any{nil}, input: true},
		{name: "a stream that calls a tool", answers: []played{k.toolStream}, errors: []any{nil}, input: true},
		{name: "an error in the stream", answers: []played{k.broken}, errors: []any{"server_error|overloaded_error|UNAVAILABLE"}, missing: "interrupted"},
		{name: "a stream that is cancelled", answers: []played{hanging}, leave: cancel, errors: []any{"context_canceled"}, missing: "interrupted"},
		{name: "a stream that is left", answers: []played{hanging}, leave: quit, errors: []any{nil}, missing: "interrupted"},
		{name: "a refused stream", answers: []played{refused}, errors: []any{"400|invalid_request_error|INVALID_ARGUMENT"}},
	}
	return plain, streamed
}

// TestEachScenarioIsTheSameForTheCallerWithAndWithoutUs plays each scenario twice, and compares what the caller saw and
// what the provider heard.
func TestEachScenarioIsTheSameForTheCallerWithAndWithoutUs(t *testing.T) {
	t.Parallel()
	for _, k := range sdks {
		plain, streamed := k.scenarios()
		for _, sc := range plain {
			bothWays(t, k, sc, func(ctx context.Context, _ func(), url string, client *http.Client, s *seen) {
				k.plain(ctx, url, client, s)
			})
		}
		for _, sc := range streamed {
			bothWays(t, k, sc, func(ctx context.Context, stop func(), url string, client *http.Client, s *seen) {
				k.streamed(ctx, stop, url, client, sc.leave, s)
			})
		}
	}
}

func bothWays(t *testing.T, k sdk, sc scenario, call func(ctx context.Context, stop func(), url string, client *http.Client, s *seen)) {
	t.Helper()
	t.Run(k.name+", "+sc.name, func(t *testing.T) {
		t.Parallel()
		play := func(wrap func(*player) http.RoundTripper) (saw, heard []string) {
			p := newPlayer(t, sc.answers)
			ctx, stop := context.WithCancel(context.Background())
			defer stop()
			client := &http.Client{Transport: wrap(p)}
			var s seen
			call(ctx, stop, p.URL, client, &s)
			client.CloseIdleConnections()
			for i, line := range s.lines {
				s.lines[i] = strings.ReplaceAll(line, p.Listener.Addr().String(), "host")
			}
			return s.lines, p.heard()
		}
		s := newSpans(t)
		bareSaw, bareHeard := play(func(p *player) http.RoundTripper { return p.Client().Transport })
		saw, heard := play(func(p *player) http.RoundTripper {
			return transport(s, p.Client().Transport, costkeyhttp.WithProvider(p.Listener.Addr().String(), k.provider))
		})
		same(t, "the caller saw", saw, bareSaw)
		same(t, "the provider heard", heard, bareHeard)
		sc.check(t, k, s)
	})
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s\n%s\nwithout us\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// check looks at the spans of the scenario's tries.
func (sc scenario) check(t *testing.T, k sdk, s *spans) {
	t.Helper()
	all := s.await(t, len(sc.errors))
	for i, span := range all {
		got := attrs(span)
		word, _ := got[semconv.ErrorTypeKey].(string)
		if want, _ := sc.errors[i].(string); word != want && !slices.Contains(strings.Split(want, "|"), word) {
			t.Errorf("try %d has the error %q, not %q", i, word, want)
		}
		// Of a stream that breaks off the input may be known: Anthropic's tell it first, Gemini's all along.
		wanted := sc.input && i == len(all)-1
		if input := got[semconv.GenAIUsageInputTokensKey]; wanted != (input != nil) && sc.missing == nil {
			t.Errorf("try %d tells the input %v", i, input)
		}
		if function, _ := got[semconv.CodeFunctionNameKey].(string); !ownFunction.MatchString(function) {
			t.Errorf("try %d is put down to %q", i, function)
		}
	}
	wantAttrs(t, all[len(all)-1], map[attribute.Key]any{semconv.UsageMissingKey: sc.missing, semconv.GenAIProviderNameKey: k.provider})
	if text := s.everything(); strings.Contains(text, "SECRET") || strings.Contains(text, "MARKER") {
		t.Errorf("a key or a text has reached a span:\n%s", text)
	}
}

var ownFunction = regexp.MustCompile(`costkeyhttp_test\.(openAI|anthropic|gemini|goOpenAI)(Plain|Streamed)$`)
