package costkeyhttp_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/costkey/costkey-otel/semconv"
)

var update = flag.Bool("update", false, "write testdata/*/span.json anew")

const (
	openAIURL    = "https://api.openai.com/v1"
	anthropicURL = "https://api.anthropic.com/v1"
	geminiURL    = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash"
)

// wires are the recorded answers: testdata/<name> holds the request, the answer and the span that must come of them.
var wires = []struct {
	name, url string
	status    int
}{
	{"openai-chat", openAIURL + "/chat/completions", 200},
	{"openai-chat-reasoning", openAIURL + "/chat/completions", 200},
	{"openai-chat-tools", openAIURL + "/chat/completions", 200},
	{"openai-chat-stream", openAIURL + "/chat/completions", 200},
	{"openai-chat-stream-crlf", openAIURL + "/chat/completions", 200},
	{"openai-chat-stream-without-usage", openAIURL + "/chat/completions", 200},
	{"openai-chat-stream-usage-with-choices", openAIURL + "/chat/completions", 200},
	{"openai-chat-stream-without-end-mark", openAIURL + "/chat/completions", 200},
	{"openai-chat-stream-cut", openAIURL + "/chat/completions", 200},
	{"openai-chat-stream-error", openAIURL + "/chat/completions", 200},
	{"openai-chat-stream-tools", openAIURL + "/chat/completions", 200},
	{"openai-chat-error-429", openAIURL + "/chat/completions", 429},
	{"openai-chat-error-400", openAIURL + "/chat/completions", 400},
	{"openai-chat-error-502", openAIURL + "/chat/completions", 502},
	{"openai-responses", openAIURL + "/responses", 200},
	{"openai-responses-stream", openAIURL + "/responses", 200},
	{"openai-responses-stream-incomplete", openAIURL + "/responses", 200},
	{"openai-responses-stream-failed", openAIURL + "/responses", 200},
	{"openai-responses-background", openAIURL + "/responses", 200},
	{"openai-embeddings", openAIURL + "/embeddings", 200},
	{"openai-completions", openAIURL + "/completions", 200},
	{"anthropic-messages", anthropicURL + "/messages", 200},
	{"anthropic-messages-stream", anthropicURL + "/messages", 200},
	{"anthropic-messages-stream-tools", anthropicURL + "/messages", 200},
	{"anthropic-messages-stream-cut", anthropicURL + "/messages", 200},
	{"anthropic-messages-stream-error", anthropicURL + "/messages", 200},
	{"anthropic-messages-error-529", anthropicURL + "/messages", 529},
	{"gemini-generate", geminiURL + ":generateContent?key=SECRET-KEY", 200},
	{"gemini-generate-blocked", geminiURL + ":generateContent", 200},
	{"gemini-stream", geminiURL + ":streamGenerateContent?alt=sse&key=SECRET-KEY", 200},
	{"gemini-stream-array", geminiURL + ":streamGenerateContent", 200},
	{"gemini-error-429", geminiURL + ":generateContent?key=SECRET-KEY", 429},
	{"gemini-embed", geminiURL + ":embedContent", 200},
	{"xai-chat-reasoning-apart", "https://api.x.ai/v1/chat/completions", 200},
}

// answerOf returns a recorded answer and its content type.
func answerOf(t testing.TB, name string) (body []byte, contentType string) {
	t.Helper()
	if stream, err := os.ReadFile(filepath.Join("testdata", name, "answer.sse")); err == nil {
		return stream, "text/event-stream; charset=utf-8"
	}
	return read(t, name+"/answer.json"), "application/json"
}

func TestEveryRecordedAnswerGivesItsSpanInWhateverPiecesItComes(t *testing.T) {
	t.Parallel()
	for _, w := range wires {
		t.Run(w.name, func(t *testing.T) {
			answer, contentType := answerOf(t, w.name)
			compareInPieces(t, w.name, w.url, answer, func(body io.Reader) http.RoundTripper {
				return answering(w.status, contentType, body)
			})
		})
	}
}

// compareInPieces holds the span of a recorded answer against the recorded one, whole, byte by byte and in pieces of any size.
func compareInPieces(t *testing.T, name, url string, answer []byte, provider func(body io.Reader) http.RoundTripper) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	request := string(read(t, name+"/request.json"))
	for _, cut := range []func() int{
		func() int { return len(answer) },
		func() int { return 1 },
		func() int { return random.IntN(40) },
	} {
		s := newSpans(t)
		rt := transport(s, provider(&pieces{rest: answer, next: cut}))
		if _, got := drain(t, rt, post(t, url, request)); !bytes.Equal(got, answer) {
			t.Fatal("the caller read other bytes than the provider sent")
		}
		compareSpan(t, name, s.one(t))
		if text := s.everything(); strings.Contains(text, "MARKER") || strings.Contains(text, "SECRET") {
			t.Errorf("a text or a key has reached a span:\n%s", text)
		}
	}
}

// spanShape is a span as span.json holds it: what depends on time or place left out.
type spanShape struct {
	Name       string         `json:"name"`
	Kind       string         `json:"kind"`
	Status     string         `json:"status"`
	FirstToken bool           `json:"has_time_to_first_chunk"`
	Attributes map[string]any `json:"attributes"`
}

func compareSpan(t *testing.T, name string, span sdktrace.ReadOnlySpan) {
	t.Helper()
	shape := spanShape{
		Name: span.Name(), Kind: span.SpanKind().String(), Status: span.Status().Code.String(), Attributes: map[string]any{},
	}
	for key, value := range attrs(span) {
		switch key {
		case semconv.GenAIResponseTimeToFirstChunkKey:
			shape.FirstToken = true
		case semconv.OutputTokensPerSecondKey: // a time is in it
		case semconv.CodeFilePathKey, semconv.CodeFunctionNameKey, semconv.CodeLineNumberKey, semconv.CallPathKey:
		default:
			shape.Attributes[string(key)] = value
		}
	}
	got, err := json.MarshalIndent(shape, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	path := filepath.Join("testdata", name, "span.json")
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want := read(t, name+"/span.json"); !bytes.Equal(got, want) {
		t.Errorf("the span of %s is\n%s\nnot\n%s", name, got, want)
	}
}
