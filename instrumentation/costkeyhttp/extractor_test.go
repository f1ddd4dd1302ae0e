package costkeyhttp_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/attribute"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
	"github.com/costkey/costkey-otel/semconv"
	"github.com/costkey/costkey-otel/usage"
)

// loom is an API of its own: it leaves cached tokens out of its input, as Account puts right.
type loom struct{}

const loomURL = "https://loom.internal:8443/weave/tapestry-2"

func (loom) Match(path string) (costkeyhttp.Match, bool) {
	model, ok := strings.CutPrefix(path, "/weave/")
	return costkeyhttp.Match{Model: model}, ok
}

func (loom) RequestFields() []costkeyhttp.RequestField {
	return []costkeyhttp.RequestField{{Path: "live", Read: costkeyhttp.Request.SetStream}, {Path: "pattern"}}
}

func (loom) AnswerFields() []costkeyhttp.AnswerField {
	return []costkeyhttp.AnswerField{
		{Path: "ref", Read: costkeyhttp.Answer.SetID},
		{Path: "engine", Read: costkeyhttp.Answer.SetModel},
		{Path: "outputs.*.why", Read: costkeyhttp.Answer.AddFinishReason},
		{Path: "fault.code", Read: costkeyhttp.Answer.SetErrorCode},
		{Path: "tier", Read: costkeyhttp.Answer.SetServiceTier},
		costkeyhttp.GeneratedText("outputs.*.text"),
		costkeyhttp.UsageObject("bill"),
		{Path: "bill.in", Read: costkeyhttp.Answer.SetInputTokens},
		{Path: "bill.out", Read: costkeyhttp.Answer.SetOutputTokens},
		{Path: "bill.warm", Read: costkeyhttp.Answer.SetCacheReadTokens},
		{Path: "bill.stored", Read: costkeyhttp.Answer.SetCacheWriteTokens},
		{Path: "bill.thought", Read: costkeyhttp.Answer.SetReasoningTokens},
		{Path: "bill.usd", Read: costkeyhttp.Answer.SetReportedCost},
		{Path: "bill.pictures", Read: func(a costkeyhttp.Answer, v costkeyhttp.Value) { a.Usage().ImageInput = v.Count() }},
		{Path: "last", Read: func(a costkeyhttp.Answer, v costkeyhttp.Value) {
			if v.IsTrue() {
				a.End()
			}
		}},
		{Path: "note"},
	}
}

func (loom) Account(counts *usage.Usage) {
	counts.Input = counts.Input.Add(counts.CacheRead).Add(counts.CacheWrite)
}

const (
	loomBill  = `"bill":{"in":10,"out":7,"warm":5,"stored":2,"thought":3,"pictures":4,"usd":0.0125,"by":"PROMPT MARKER"}`
	loomPlain = `{"ref":"w-1","note":"x","engine":"tapestry-2-b","tier":"gold","outputs":[{"text":"ANSWER-MARKER","why":"stop"}],` + loomBill + `}`
)

var loomDocuments = []string{
	`{"ref":"w-1","engine":"tapestry-2-b","tier":"gold","outputs":[{"text":""}]}`,
	`{"outputs":[{"text":"ANSWER-\u004dARKER"}]}`,
	`{"outputs":[{"why":"stop"}]}`,
	`{"last":true,` + loomBill + `}`,
}

func TestAnExtractorReadsEveryFramingInWhateverPiecesItComes(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for _, tc := range []struct {
		name, contentType string
		body              []byte
		header            http.Header
		stream            bool
	}{
		{"one document", jsonTyp, []byte(loomPlain), nil, false},
		{"one document, gzipped", jsonTyp, zipped(loomPlain), http.Header{"Content-Encoding": {"gzip"}}, false},
		{"server-sent events", eventTyp, []byte("data: " + strings.Join(loomDocuments, "\r\n\r\ndata: ") + "\r\n\r\n"), nil, true},
		{"a document per line", "application/x-ndjson", []byte(strings.Join(loomDocuments, "\n") + "\n"), nil, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, cut := range []func() int{
				func() int { return len(tc.body) }, func() int { return 1 }, func() int { return random.IntN(20) },
			} {
				s := newSpans(t)
				rt := transport(s, withHeader(tc.header, answering(200, tc.contentType, &pieces{rest: tc.body, next: cut})),
					costkeyhttp.WithExtractor("LOOM.internal:8443", "loom", loom{}))
				_, got := drain(t, rt, post(t, loomURL, `{"pattern":"PROMPT-MARKER","live":`+map[bool]string{true: "true", false: "false"}[tc.stream]+`}`))
				if !bytes.Equal(got, tc.body) {
					t.Fatal("the caller read other bytes than the API sent")
				}
				span := s.one(t)
				wantLoom(t, attrs(span), tc.stream)
				if span.Name() != "chat tapestry-2" {
					t.Errorf("the span's name is %q", span.Name())
				}
				if text := s.everything(); strings.Contains(text, "MARKER") {
					t.Errorf("a text has reached a span:\n%s", text)
				}
				if n := rt.ExtractorPanics(); n != 0 {
					t.Errorf("%d panics", n)
				}
			}
		})
	}
}

func wantLoom(t *testing.T, got map[attribute.Key]any, stream bool) {
	t.Helper()
	want := map[attribute.Key]any{
		semconv.GenAIProviderNameKey: "loom", semconv.GenAIRequestModelKey: "tapestry-2",
		semconv.GenAIResponseIDKey: "w-1", semconv.GenAIResponseModelKey: "tapestry-2-b", semconv.ServiceTierKey: "gold",
		semconv.GenAIUsageInputTokensKey: int64(17), semconv.GenAIUsageOutputTokensKey: int64(7),
		semconv.GenAIUsageCacheReadInputTokensKey: int64(5), semconv.GenAIUsageCacheCreationInputTokensKey: int64(2),
		semconv.GenAIUsageReasoningOutputTokensKey: int64(3), semconv.GenAIUsageImageInputTokensKey: int64(4),
		semconv.ReportedCostKey:  "0.0125",
		semconv.ProviderUsageKey: `{"in":10,"out":7,"warm":5,"stored":2,"thought":3,"pictures":4,"usd":0.0125}`,
		semconv.UsageMissingKey:  nil, semconv.ErrorTypeKey: nil, semconv.GenAIRequestStreamKey: nil,
	}
	if stream {
		want[semconv.GenAIRequestStreamKey] = true
	}
	for key, value := range want {
		if got[key] != value {
			t.Errorf("%s is %v, not %v", key, got[key], value)
		}
	}
	if reasons, _ := got[semconv.GenAIResponseFinishReasonsKey].([]string); !slices.Equal(reasons, []string{"stop"}) {
		t.Errorf("finish reasons %v", reasons)
	}
	if _, timed := got[semconv.GenAIResponseTimeToFirstChunkKey]; timed != stream {
		t.Errorf("there is a time to the first content: %v", timed)
	}
}

func TestAnExtractorsEndMarkEndsTheSpanBeforeTheBodyEnds(t *testing.T) {
	t.Parallel()
	s := newSpans(t)
	body := "data: " + loomDocuments[3] + "\n\n: more comes\n\n"
	rt := transport(s, answering(200, eventTyp, strings.NewReader(body)), costkeyhttp.WithExtractor("loom.internal", "loom", loom{}))
	resp, err := rt.RoundTrip(post(t, loomURL, `{}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := resp.Body.Read(make([]byte, len(body)-3)); err != nil {
		t.Fatal(err)
	}
	wantAttrs(t, s.one(t), map[attribute.Key]any{semconv.UsageMissingKey: nil, semconv.GenAIUsageInputTokensKey: int64(17)})
	_ = resp.Body.Close()
}

func TestWhatAnExtractorDoesNotMatchIsReadAsAKnownFormatOrPassed(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, url string
		spans     int
	}{
		{"a path of a known format", "https://loom.internal:8443/v1/chat/completions", 1},
		{"a path that nobody knows", "https://loom.internal:8443/health", 0},
		{"another host", "https://other.internal/weave/x", 0},
	} {
		s := newSpans(t)
		rt := transport(s, answering(200, jsonTyp, strings.NewReader(`{"usage":{"prompt_tokens":3,"completion_tokens":4}}`)),
			costkeyhttp.WithExtractor("loom.internal", "loom", loom{}), costkeyhttp.WithExtractor("loom.internal", "loom", nil),
			costkeyhttp.WithExtractor("", "loom", loom{}), costkeyhttp.WithExtractor("other.internal", "", loom{}))
		drain(t, rt, post(t, tc.url, chatBody))
		all := s.genAI()
		if len(all) != tc.spans {
			t.Errorf("%s makes %d spans, not %d", tc.name, len(all), tc.spans)
			continue
		}
		if tc.spans == 1 {
			wantAttrs(t, all[0], map[attribute.Key]any{semconv.GenAIUsageInputTokensKey: int64(3), semconv.GenAIProviderNameKey: "loom"})
		}
	}
}

// faulty is loom with a panic in one of its places.
type faulty struct {
	loom
	in string
}

func (f faulty) panicIn(place string) {
	if f.in == place {
		panic("PROMPT-MARKER")
	}
}

func (f faulty) Match(path string) (costkeyhttp.Match, bool) {
	f.panicIn("Match")
	return f.loom.Match(path)
}

func (f faulty) RequestFields() []costkeyhttp.RequestField {
	f.panicIn("RequestFields")
	return append(f.loom.RequestFields(), costkeyhttp.RequestField{Path: "pattern", Read: func(costkeyhttp.Request, costkeyhttp.Value) {
		f.panicIn("Request.Read")
	}})
}

func (f faulty) AnswerFields() []costkeyhttp.AnswerField {
	f.panicIn("AnswerFields")
	return append(f.loom.AnswerFields(), costkeyhttp.AnswerField{Path: "note", Read: func(costkeyhttp.Answer, costkeyhttp.Value) {
		f.panicIn("Answer.Read")
	}})
}

func (f faulty) Account(counts *usage.Usage) {
	f.panicIn("Account")
	f.loom.Account(counts)
}

// TestAPanicOfAnExtractorIsCountedAndNeverReachesTheCaller also looks at what is left of the call.
func TestAPanicOfAnExtractorIsCountedAndNeverReachesTheCaller(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in    string
		spans int
		want  map[attribute.Key]any
	}{
		{"Match", 0, nil},
		{"RequestFields", 0, nil},
		{"AnswerFields", 0, nil},
		{"Request.Read", 1, map[attribute.Key]any{semconv.GenAIUsageInputTokensKey: int64(17), semconv.GenAIResponseIDKey: "w-1"}},
		{"Answer.Read", 1, map[attribute.Key]any{
			semconv.GenAIUsageInputTokensKey: nil, semconv.GenAIResponseIDKey: "w-1", semconv.UsageMissingKey: "not_reported",
		}},
		{"Account", 1, map[attribute.Key]any{semconv.GenAIUsageInputTokensKey: int64(10), semconv.GenAIResponseIDKey: "w-1"}},
	} {
		t.Run(tc.in, func(t *testing.T) {
			t.Parallel()
			s := newSpans(t)
			rt := transport(s, answering(200, jsonTyp, strings.NewReader(loomPlain)),
				costkeyhttp.WithExtractor("loom.internal", "loom", faulty{in: tc.in}))
			if _, got := drain(t, rt, post(t, loomURL, `{"pattern":"PROMPT-MARKER"}`)); string(got) != loomPlain {
				t.Error("the caller read other bytes")
			}
			all := s.genAI()
			if len(all) != tc.spans || rt.ExtractorPanics() != 1 {
				t.Fatalf("%d spans and %d panics, not %d and 1", len(all), rt.ExtractorPanics(), tc.spans)
			}
			if tc.spans == 1 {
				wantAttrs(t, all[0], tc.want)
			}
			if text := s.everything(); strings.Contains(text, "MARKER") {
				t.Errorf("a panic's value has reached a span:\n%s", text)
			}
		})
	}
}

func TestOneExtractorServesManyCallsAtOnce(t *testing.T) {
	t.Parallel()
	s := newSpans(t)
	body := []byte("data: " + strings.Join(loomDocuments, "\n\ndata: ") + "\n\n")
	rt := transport(s, base(func(r *http.Request) (*http.Response, error) {
		return answering(200, eventTyp, &pieces{rest: body, next: func() int { return 30 }})(r)
	}), costkeyhttp.WithExtractor("loom.internal", "loom", loom{}))
	var wg sync.WaitGroup
	for range 100 {
		r := post(t, loomURL, `{"live":true}`)
		wg.Go(func() {
			resp, err := rt.RoundTrip(r)
			if err != nil {
				t.Error(err)
				return
			}
			_, err = io.Copy(io.Discard, resp.Body)
			if err := errors.Join(err, resp.Body.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, span := range s.genAI() {
		wantLoom(t, attrs(span), true)
	}
	if n := len(s.genAI()); n != 100 {
		t.Errorf("%d spans", n)
	}
}
