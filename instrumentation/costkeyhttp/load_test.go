package costkeyhttp_test

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
	"github.com/costkey/costkey-otel/semconv"
)

func TestAThousandStreamsAtOnceKeepTheirNumbersApart(t *testing.T) {
	t.Parallel()
	const streams = 1000
	s := newSpans(t)
	rt := transport(s, base(func(r *http.Request) (*http.Response, error) {
		n := r.Header.Get("N")
		body := bytes.NewBufferString("data: {\"id\":\"id-" + n + "\",\"choices\":[{\"delta\":{\"content\":\"answer " + n + "\"}}]}\n\n" +
			"data: {\"choices\":[{\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":" + n + "}}\n\n" +
			"data: [DONE]\n\n")
		return answering(200, "text/event-stream", body)(r)
	}), costkeyhttp.WithCaptureBody(true))
	var wg sync.WaitGroup
	for i := range streams {
		wg.Go(func() {
			n := strconv.Itoa(i + 1)
			r := post(t, openAIURL+"/chat/completions", `{"model":"m-`+n+`","stream":true}`)
			r.Header.Set("N", n)
			resp, err := rt.RoundTrip(r)
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		})
	}
	wg.Wait()
	all := s.genAI()
	if len(all) != streams {
		t.Fatalf("%d spans", len(all))
	}
	for _, span := range all {
		a := attrs(span)
		n := strconv.FormatInt(a[semconv.GenAIUsageOutputTokensKey].(int64), 10)
		want := `[{"role":"assistant","parts":[{"type":"text","content":"answer ` + n + `"}],"finish_reason":"stop"}]`
		if a[semconv.GenAIRequestModelKey] != "m-"+n || a[semconv.GenAIResponseIDKey] != "id-"+n || a[semconv.GenAIOutputMessagesKey] != want {
			t.Fatalf("mixed up: %v", a)
		}
	}
}

func TestACallWithoutABodyKnowsNothingOfTheCallBefore(t *testing.T) {
	s := newSpans(t)
	rt := transport(s, answering(200, "application/json", strings.NewReader(saidAnswer)))
	for range 10 {
		drain(t, rt, post(t, openAIURL+"/chat/completions", saidRequest))
		r := post(t, openAIURL+"/chat/completions", "")
		r.Body, r.GetBody, r.ContentLength = nil, nil, 0
		drain(t, rt, r)
	}
	for i, span := range s.genAI() {
		if got := attrs(span)[semconv.GenAIRequestModelKey]; (got != nil) != (i%2 == 0) {
			t.Fatalf("call %d asked for %v", i, got)
		}
	}
}
