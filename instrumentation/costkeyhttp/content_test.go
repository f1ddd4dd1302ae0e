package costkeyhttp_test

import (
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
	"github.com/costkey/costkey-otel/semconv"
)

const secretKey = "sk-proj-0123456789abcdefABCDEF"

var (
	saidRequest = `{"model":"gpt-4o","messages":[{"role":"user","content":"my key is ` + secretKey + `, ok?"}]}`
	saidAnswer  = `{"id":"1","model":"gpt-4o","choices":[{"message":{"role":"assistant","content":"never tell ` + secretKey + `"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}`
)

func TestContentIsCapturedOnlyWhereAskedFor(t *testing.T) {
	t.Parallel()
	input := `[{"role":"user","parts":[{"type":"text","content":"my key is [secret], ok?"}]}]`
	output := `[{"role":"assistant","parts":[{"type":"text","content":"never tell [secret]"}],"finish_reason":"stop"}]`
	hook := costkeyhttp.WithBeforeExport(func(c *costkeyhttp.Content) {
		c.InputMessages, c.OutputMessages = c.InputMessages[:3]+secretKey, ""
	})
	on := costkeyhttp.WithCaptureBody(true)
	for name, c := range map[string]struct {
		opts          []costkeyhttp.Option
		input, output any
	}{
		"not asked":            {nil, nil, nil},
		"a hook alone":         {[]costkeyhttp.Option{hook}, nil, nil},
		"asked and taken back": {[]costkeyhttp.Option{on, costkeyhttp.WithCaptureBody(false)}, nil, nil},
		"asked":                {[]costkeyhttp.Option{on}, input, output},
		"with a limit":         {[]costkeyhttp.Option{on, costkeyhttp.WithBodyLimit(10)}, input[:10] + "…[cut]", output[:10] + "…[cut]"},
		"with a hook":          {[]costkeyhttp.Option{on, hook}, `[{"[secret]`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSpans(t)
			rt := transport(s, answering(200, "application/json", strings.NewReader(saidAnswer)), c.opts...)
			_, body := drain(t, rt, post(t, openAIURL+"/chat/completions", saidRequest))
			if string(body) != saidAnswer {
				t.Errorf("the caller got %s", body)
			}
			wantAttrs(t, s.one(t), map[attribute.Key]any{
				semconv.GenAIInputMessagesKey: c.input, semconv.GenAIOutputMessagesKey: c.output,
				semconv.GenAISystemInstructionsKey: nil, semconv.GenAIResponseIDKey: "1",
			})
			if strings.Contains(s.everything(), secretKey) {
				t.Error("the key is in a span")
			}
		})
	}
}

func TestAStreamsContentIsPutTogetherAndASecretOverItsDeltasScrubbed(t *testing.T) {
	t.Parallel()
	s := newSpans(t)
	stream := "data: " + `{"choices":[{"delta":{"content":"a sk-proj-01234567"}}]}` + "\n\ndata: " +
		`{"choices":[{"delta":{"content":"89abcdefABCDEF b"},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"
	rt := transport(s, answering(200, "text/event-stream", strings.NewReader(stream)), costkeyhttp.WithCaptureBody(true))
	drain(t, rt, post(t, openAIURL+"/chat/completions", `{"model":"m","stream":true,"messages":[]}`))
	wantAttrs(t, s.one(t), map[attribute.Key]any{
		semconv.GenAIOutputMessagesKey: `[{"role":"assistant","parts":[{"type":"text","content":"a [secret] b"}],"finish_reason":"stop"}]`,
	})
}

func TestAStreamsContentIsCapturedWhateverItsFraming(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"openai-chat-stream":              "ANSWER-MARKER",
		"ollama-chat-stream":              `[{"role":"assistant","parts":[{"type":"text","content":"ANSWER-MARKER é"}],"finish_reason":"stop"}]`,
		"cohere-chat-v1-stream":           `[{"role":"assistant","parts":[{"type":"text","content":"ANSWER-MARKER"}],"finish_reason":"COMPLETE"}]`,
		"cohere-chat-v2-stream":           `[{"role":"assistant","parts":[{"type":"text","content":"ANSWER-MARKER"}],"finish_reason":"COMPLETE"}]`,
		"bedrock-converse-stream":         `[{"role":"assistant","parts":[{"type":"text","content":"ANSWER-MARKER ü"}],"finish_reason":"end_turn"}]`,
		"bedrock-invoke-stream-nova":      `[{"role":"assistant","parts":[{"type":"text","content":"ANSWER-MARKER"}],"finish_reason":"end_turn"}]`,
		"bedrock-invoke-stream-llama":     `[{"role":"assistant","parts":[{"type":"text","content":"ANSWER-MARKER"}],"finish_reason":"stop"}]`,
		"bedrock-invoke-stream-anthropic": "ANSWER-MARKER",
	} {
		everyWire(t, func(t *testing.T, w recorded) {
			if w.name != name {
				return
			}
			for _, cut := range []int{1, 13, len(w.answer)} {
				s := newSpans(t)
				from := withHeader(w.header, answering(w.status, w.contentType, &pieces{rest: w.answer, next: func() int { return cut }}))
				if _, got := drain(t, transport(s, from, costkeyhttp.WithCaptureBody(true)), post(t, w.url, w.request)); string(got) != string(w.answer) {
					t.Error("the caller read other bytes")
				}
				said, _ := attrs(s.one(t))[semconv.GenAIOutputMessagesKey].(string)
				if said != want && !(want == "ANSWER-MARKER" && strings.Contains(said, want)) {
					t.Errorf("in pieces of %d it says %s", cut, said)
				}
				if asked, _ := attrs(s.one(t))[semconv.GenAIInputMessagesKey].(string); !strings.Contains(asked, "PROMPT-MARKER") {
					t.Errorf("the request says %s", asked)
				}
			}
		})
	}
}

func TestAPanicInTheHookDropsTheContentAndIsCounted(t *testing.T) {
	t.Parallel()
	s := newSpans(t)
	rt := transport(s, answering(200, "application/json", strings.NewReader(saidAnswer)), costkeyhttp.WithCaptureBody(true),
		costkeyhttp.WithBeforeExport(func(*costkeyhttp.Content) { panic("PANIC-TEXT") }))
	if _, body := drain(t, rt, post(t, openAIURL+"/chat/completions", saidRequest)); string(body) != saidAnswer {
		t.Errorf("the caller got %s", body)
	}
	wantAttrs(t, s.one(t), map[attribute.Key]any{
		semconv.GenAIInputMessagesKey: nil, semconv.GenAIOutputMessagesKey: nil, semconv.GenAIUsageOutputTokensKey: int64(2),
	})
	if n := rt.ContentDropped(); n != 1 {
		t.Errorf("%d dropped", n)
	}
}

func TestARefusalIsNoContent(t *testing.T) {
	t.Parallel()
	s := newSpans(t)
	rt := transport(s, answering(400, "application/json", strings.NewReader(`{"error":{"message":"your prompt: X"}}`)), costkeyhttp.WithCaptureBody(true))
	drain(t, rt, post(t, openAIURL+"/chat/completions", saidRequest))
	wantAttrs(t, s.one(t), map[attribute.Key]any{semconv.GenAIOutputMessagesKey: nil})
}
