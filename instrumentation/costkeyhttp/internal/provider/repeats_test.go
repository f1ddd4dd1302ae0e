package provider_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/provider"
)

// saidInFull is said by a reader that passes over no event.
func saidInFull(t testing.TB, path string, framing provider.Framing, body []byte, oracle func(*provider.Reader)) provider.Answer {
	t.Helper()
	target, ok := provider.Lookup("", path)
	if !ok {
		t.Fatalf("%s has no format", path)
	}
	var r provider.Reader
	r.Init(target.Format, framing)
	oracle(&r)
	r.Write(body)
	return *r.Settle("")
}

// dialects are formats with events of their streams. # is filled with a text, % with a number.
var dialects = []struct {
	path    string
	framing provider.Framing
	events  []string
}{
	{"/v1/chat/completions", provider.EventStream, []string{
		`{"id":"c-1","created":%,"model":"gpt-4o","service_tier":"default","choices":[{"index":0,"delta":{"content":"#"},"finish_reason":null}],"usage":null,"obfuscation":"#"}`,
		`{"id":"c-1","created":%,"model":"gpt-4o","service_tier":"default","choices":[{"index":0,"delta":{"content":"#"},"finish_reason":null}],"usage":null,"obfuscation":"#"}`,
		`{"id":"c-2","created":%,"model":"gpt-5","service_tier":"flex","choices":[{"index":0,"delta":{"content":"#"},"finish_reason":null}],"usage":null}`,
		`{"id":"c-1","choices":[{"index":1,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"#"}}]}}]}`,
		`{"id":"c-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`,
		`{"id":"c-1","choices":[{"index":1,"delta":{},"finish_reason":"length"}],"usage":{"prompt_tokens":%,"completion_tokens":%}}`,
		`{"id":"c-1","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"x":"#"}}`,
		`{"choices":[{"index":0,"delta":{"content":"#"},"finish_reason":null}],"obfuscation":"#"}`,
		`{"id":"","model":null,"choices":[{"index":0,"delta":{"content":"#"},"finish_reason":null}],"obfuscation":"#"}`,
		`{"system_fingerprint":"fp_%","choices":[{"index":0,"delta":{"content":"#"},"finish_reason":null}]}`,
		`{"error":{"code":"c%","message":"#"}}`,
		`[DONE]`,
	}},
	{"/v1/responses", provider.EventStream, []string{
		`{"type":"response.output_text.delta","sequence_number":%,"item_id":"#","delta":"#","logprobs":[]}`,
		`{"type":"response.output_text.delta","sequence_number":%,"item_id":"#","delta":"#","logprobs":[]}`,
		`{"type":"response.output_text.done","sequence_number":%,"text":"#"}`,
		`{"type":"response.completed","response":{"id":"r-1","model":"gpt-5","status":"completed","usage":{"input_tokens":%,"output_tokens":%}}}`,
		`{"type":"error","code":"c%"}`,
	}},
	{"/v1/messages", provider.EventStream, []string{
		`{"type":"message_start","message":{"id":"m-1","model":"claude","usage":{"input_tokens":%,"output_tokens":1}}}`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"#"}}`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"#"}}`,
		`{"type":"ping"}`,
		`{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":%}}`,
		`{"type":"message_stop"}`,
	}},
	{"/models/g:streamGenerateContent", provider.EventStream, []string{
		`{"candidates":[{"content":{"parts":[{"text":"#"}],"role":"model"},"index":0}],"responseId":"g-1"}`,
		`{"candidates":[{"content":{"parts":[{"text":"#"}]}}],"usageMetadata":{"promptTokenCount":%,"candidatesTokenCount":%,"promptTokensDetails":[{"modality":"AUDIO","tokenCount":%}]}}`,
		`{"candidates":[{"content":{"parts":[{"text":"#"}]},"finishReason":"STOP"}]}`,
	}},
	{"/api/chat", provider.Lines, []string{
		`{"model":"llama","created_at":"#","message":{"role":"assistant","content":"#"},"done":false}`,
		`{"model":"llama","created_at":"#","message":{"role":"assistant","content":"#"},"done":false}`,
		`{"created_at":"#","message":{"role":"assistant","content":"#"},"done":false}`,
		`{"model":"llama","done":true,"done_reason":"stop","prompt_eval_count":%,"eval_count":%}`,
	}},
	{"/v2/chat", provider.EventStream, []string{
		`{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"#"}}}}`,
		`{"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{"billed_units":{"input_tokens":%,"output_tokens":%}}}}`,
	}},
	{"/model/m/converse-stream", provider.AWSEventStream, []string{
		`{"contentBlockIndex":0,"delta":{"text":"#"},"p":"#"}`,
		`{"contentBlockIndex":0,"delta":{"text":"#"},"p":"#"}`,
		`{"stopReason":"end_turn","p":"#"}`,
		`{"usage":{"inputTokens":%,"outputTokens":%},"p":"#"}`,
	}},
	{"/model/m/invoke-with-response-stream", provider.AWSEventStream, []string{
		`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"#"}}`,
		`{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":%}}`,
		`{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":%,"outputTokenCount":%}}`,
	}},
}

var (
	texts   = []string{"", "word", " two words", `\"quoted\"`, `\\`, `\n`, "ü", `","service_tier":"priority","x":"`, `\u0022`, "{}", "data: x"}
	numbers = []string{"0", "1", "17", "4096", "-1", "1.5", "1e3", "null"}
)

// stream makes a stream of n events of a dialect, in no order that makes sense.
func stream(random *rand.Rand, events []string, n int) string {
	var b strings.Builder
	for range n {
		// Most events of a stream are of one kind.
		event := events[max(0, random.IntN(len(events)*3)-2*len(events))]
		for strings.Contains(event, "#") {
			event = strings.Replace(event, "#", texts[random.IntN(len(texts))], 1)
		}
		for strings.Contains(event, "%") {
			event = strings.Replace(event, "%", numbers[random.IntN(len(numbers))], 1)
		}
		b.WriteString(event + "\n")
	}
	return b.String()
}

// TestPassingOverEventsSaysWhatReadingThemAllSays compares the two on many streams, in whole and in pieces.
func TestPassingOverEventsSaysWhatReadingThemAllSays(t *testing.T) {
	t.Parallel()
	for i, d := range dialects {
		random := rand.New(rand.NewPCG(7, uint64(i)))
		for range 100 {
			text := stream(random, d.events, 40)
			body := framedAs(t, d.framing, text)
			want := saidInFull(t, d.path, d.framing, body, provider.ReadEveryEvent)
			for _, cut := range []func() int{
				func() int { return len(body) }, func() int { return random.IntN(700) }, func() int { return random.IntN(9) },
			} {
				if got := said(t, d.path, d.framing, body, cut); !same(got, want) {
					t.Fatalf("%s: passing over events says\n%+v\nnot\n%+v\nof\n%s", d.path, got, want, text)
				}
			}
		}
	}
}

func FuzzRepeats(f *testing.F) {
	for i := range dialects {
		f.Add(uint64(i), uint8(i), []byte("x"), uint16(30))
	}
	f.Fuzz(func(t *testing.T, seed uint64, which uint8, splice []byte, at uint16) {
		random := rand.New(rand.NewPCG(seed, 1))
		d := dialects[int(which)%len(dialects)]
		body := framedAs(t, d.framing, stream(random, d.events, 20))
		n := int(at) % (len(body) + 1)
		body = append(body[:n:n], append(splice, body[n:]...)...) // a stream with damage
		oracle := provider.ReadEveryEvent
		if !areDocuments(d.framing, body) {
			oracle = provider.PassOverNone // of a broken document, who looks for less may read more
		}
		want := saidInFull(t, d.path, d.framing, body, oracle)
		for range 3 {
			if got := said(t, d.path, d.framing, body, func() int { return random.IntN(600) }); !same(got, want) {
				t.Fatalf("%s: passing over events says\n%+v\nnot\n%+v", d.path, got, want)
			}
		}
	})
}

// areDocuments reports whether every line of body that can hold a document holds a whole one. A binary framing has sums, and
// hands on no damage.
func areDocuments(framing provider.Framing, body []byte) bool {
	if framing == provider.AWSEventStream {
		return true
	}
	for line := range bytes.FieldsFuncSeq(body, func(r rune) bool { return r == '\n' || r == '\r' }) {
		document, isData := bytes.CutPrefix(line, []byte("data:"))
		document = bytes.TrimSpace(document)
		if (isData || framing == provider.Lines) && len(document) > 0 && !json.Valid(document) {
			return false
		}
	}
	return true
}
