package costkeyhttp_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"

	"github.com/costkey/costkey-otel/semconv"
)

func TestNamesThatAStreamTellsBehindItsContentAreRead(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	const chunk = `data: {"choices":[{"index":0,"delta":{"content":"word"},"finish_reason":null}]}` + "\n\n"
	const line = `{"message":{"role":"assistant","content":"word"},"done":false}` + "\n"
	for _, tc := range []struct {
		name, url, contentType, answer string
		want                           map[attribute.Key]any
	}{
		{
			"OpenAI", openAIURL + "/chat/completions", "text/event-stream",
			strings.Repeat(chunk, 20) +
				`data: {"id":"c-1","model":"gpt-4o-2024-08-06","system_fingerprint":"fp_1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],` +
				`"usage":{"prompt_tokens":7,"completion_tokens":20}}` + "\n\ndata: [DONE]\n\n",
			map[attribute.Key]any{
				semconv.GenAIResponseIDKey: "c-1", semconv.GenAIResponseModelKey: "gpt-4o-2024-08-06",
				semconv.OpenAIResponseSystemFingerprintKey: "fp_1", semconv.GenAIUsageInputTokensKey: int64(7),
			},
		},
		{
			"Ollama", "http://localhost:11434/api/chat", "application/x-ndjson",
			strings.Repeat(line, 20) + `{"model":"llama3.2","done":true,"done_reason":"stop","prompt_eval_count":7,"eval_count":20}` + "\n",
			map[attribute.Key]any{semconv.GenAIResponseModelKey: "llama3.2", semconv.GenAIUsageInputTokensKey: int64(7)},
		},
	} {
		for _, cut := range []func() int{
			func() int { return len(tc.answer) }, func() int { return 1 }, func() int { return random.IntN(200) },
		} {
			s := newSpans(t)
			rt := transport(s, answering(200, tc.contentType, &pieces{rest: []byte(tc.answer), next: cut}))
			if _, got := drain(t, rt, post(t, tc.url, `{"model":"m","stream":true}`)); !bytes.Equal(got, []byte(tc.answer)) {
				t.Fatalf("%s: the caller read other bytes than the provider sent", tc.name)
			}
			wantAttrs(t, s.one(t), tc.want)
		}
	}
}

func TestAnAnswerThatIsABombIsReadByTheCallerAlone(t *testing.T) {
	t.Parallel()
	plain := append([]byte(`{"id":"c-1","x":"`), make([]byte, 40<<20)...)
	for _, coding := range []string{"gzip", "zstd", "br"} {
		body := encode(t, coding, plain)
		s := newSpans(t)
		rt := transport(s, withHeader(map[string][]string{"Content-Encoding": {coding}},
			answering(200, jsonTyp, bytes.NewReader(body))))
		resp, err := rt.RoundTrip(post(t, chatURL, chatBody))
		if err != nil {
			t.Fatal(err)
		}
		got := bytes.NewBuffer(make([]byte, 0, len(body)+bytes.MinRead)) // so that one Read takes it whole
		if _, err := got.ReadFrom(resp.Body); err != nil || !bytes.Equal(got.Bytes(), body) {
			t.Errorf("%s: the caller read other bytes than the provider sent: %v", coding, err)
		}
		_ = resp.Body.Close()
		wantAttrs(t, s.one(t), map[attribute.Key]any{semconv.UsageMissingKey: "encoding"})
	}
}
