package provider_test

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	aws "github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/provider"
)

// paths name one format each.
var paths = []string{
	"/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses", "/v1/images/edits",
	"/v1/audio/translations", "/v1/audio/speech", "/v1/messages",
	"/publishers/anthropic/models/claude-x:rawPredict", "/publishers/anthropic/models/claude-x:streamRawPredict",
	"/models/g:generateContent", "/models/g:streamGenerateContent", "/models/g:embedContent",
	"/api/chat", "/api/generate", "/api/embed", "/v2/chat", "/v2/embed", "/v2/rerank",
	"/model/m/converse", "/model/m/converse-stream", "/model/embed/invoke", "/model/m/invoke",
	"/model/m/invoke-with-response-stream",
	"/v1beta/interactions", "/publishers/google/models/gemini-embedding-001:predict", "/v1beta/models/imagen-4:predict",
}

var framings = []provider.Framing{provider.Plain, provider.EventStream, provider.Lines, provider.AWSEventStream}

// said is what a reader makes of a body that comes in pieces of the sizes that cut returns.
func said(t testing.TB, path string, framing provider.Framing, body []byte, cut func() int) provider.Answer {
	t.Helper()
	target, ok := provider.Lookup("", path)
	if !ok {
		t.Fatalf("%s has no format", path)
	}
	var r provider.Reader
	r.Init(target.Format, framing)
	for len(body) > 0 {
		n := min(len(body), max(1, cut()))
		r.Write(body[:n])
		body = body[n:]
	}
	return *r.Settle("")
}

// documents hold what the formats read, in one: each reader takes its own.
const documents = `{"id":"i1","model":"m\u00fc","type":"message_start","choices":[{"delta":{"content":"é\"\\"},"finish_reason":"stop"}],` +
	`"usage":{"prompt_tokens":7,"completion_tokens":3,"input_tokens":5,"output_tokens":2,"inputTokens":11,"cost":1.5e-3,` +
	`"billed_units":{"input_tokens":4}},"meta":{"tokens":{"input_tokens":9}},"b64_json":"QUJD"}` + "\n" +
	`{"candidates":[{"content":{"parts":[{"text":"ü"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":8,` +
	`"promptTokensDetails":[{"modality":"AUDIO","tokenCount":2}]},"prompt_eval_count":6,"eval_count":1,"done":true,` +
	`"amazon-bedrock-invocationMetrics":{"inputTokenCount":3,"outputTokenCount":4}}` + "\n"

// framedAs puts the lines of text into a framing.
func framedAs(t testing.TB, framing provider.Framing, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch framing {
		case provider.EventStream:
			b.WriteString("event: x\r\ndata: " + line + "\r\n\r\n")
		case provider.AWSEventStream:
			for _, payload := range []string{line, `{"p":"a","bytes":"` + base64.StdEncoding.EncodeToString([]byte(line)) + `"}`} {
				m := aws.Message{Payload: []byte(payload)}
				m.Headers.Set(":event-type", aws.StringValue("chunk"))
				if err := aws.NewEncoder().Encode(&b, m); err != nil {
					t.Fatal(err)
				}
			}
		default:
			b.WriteString(line + "\n")
		}
	}
	return b.Bytes()
}

func TestEveryReaderSaysTheSameInWhateverPiecesAnAnswerComes(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 1))
	for _, path := range paths {
		for _, framing := range framings {
			body := framedAs(t, framing, documents)
			whole := said(t, path, framing, body, func() int { return len(body) })
			for range 20 {
				cut := said(t, path, framing, body, func() int { return random.IntN(17) })
				if !same(whole, cut) {
					t.Errorf("%s in framing %d: the pieces say\n%+v\nnot\n%+v", path, framing, cut, whole)
				}
			}
		}
	}
}

// same compares what two answers say.
func same(a, b provider.Answer) bool {
	return reflect.DeepEqual(a, b)
}

func FuzzReaders(f *testing.F) {
	for i := range framings {
		f.Add(framedAs(f, framings[i], documents), uint64(i), uint8(i), uint8(i))
	}
	f.Fuzz(func(t *testing.T, body []byte, seed uint64, path, framing uint8) {
		random := rand.New(rand.NewPCG(seed, 0))
		p, fr := paths[int(path)%len(paths)], framings[int(framing)%len(framings)]
		whole := said(t, p, fr, body, func() int { return len(body) })
		cut := said(t, p, fr, body, func() int { return random.IntN(9) })
		if !same(whole, cut) {
			t.Errorf("%s in framing %d: the pieces say\n%+v\nnot\n%+v", p, fr, cut, whole)
		}
	})
}

func TestAStreamedEventAllocatesNothing(t *testing.T) {
	event := strings.Repeat(`{"type":"content_block_delta","delta":{"text":"abc"},"message":{"content":"abc"},"p":"abc"}`+"\n", 50)
	for _, tc := range []struct {
		path    string
		framing provider.Framing
	}{
		{"/v1/chat/completions", provider.EventStream},
		{"/v2/chat", provider.Lines},
		{"/api/chat", provider.Lines},
		{"/model/m/converse-stream", provider.AWSEventStream},
		{"/model/m/invoke-with-response-stream", provider.AWSEventStream},
	} {
		target, _ := provider.Lookup("", tc.path)
		body := framedAs(t, tc.framing, event)
		var r provider.Reader
		r.Init(target.Format, tc.framing)
		if n := testing.AllocsPerRun(20, func() { r.Write(body) }); n != 0 {
			t.Errorf("%s: 50 events cost %v allocations", tc.path, n)
		}
	}
}

func TestALargeEventOfAnInvokedModelIsReadInConstantMemory(t *testing.T) {
	target, _ := provider.Lookup("", "/model/m/invoke-with-response-stream")
	var r provider.Reader
	r.Init(target.Format, provider.AWSEventStream)
	inner := `{"big":"` + strings.Repeat("x", 4<<20) + `","prompt_token_count":5}`
	body := framedAs(t, provider.AWSEventStream, inner)
	if n := testing.AllocsPerRun(2, func() { // each run is one message of 4 MiB and one of its base64
		for rest := body; len(rest) > 0; rest = rest[min(len(rest), 32<<10):] {
			r.Write(rest[:min(len(rest), 32<<10)])
		}
	}); n != 0 {
		t.Errorf("it costs %v allocations", n)
	}
	if got := r.Settle("").Usage.Input.Value(); got != 5 {
		t.Errorf("the input behind it is %d, not 5", got)
	}
}
