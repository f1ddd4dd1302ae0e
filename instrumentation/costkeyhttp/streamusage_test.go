package costkeyhttp_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
)

func TestARequestIsMadeToAskForAStreamsUsageOnlyWhereThatIsSafe(t *testing.T) {
	t.Parallel()
	const (
		asking = `{"model":"gpt-4o","stream":true}`
		asked  = `{"stream_options":{"include_usage":true},"model":"gpt-4o","stream":true}`
	)
	for _, tc := range []struct {
		name, url, body, want string
		off                   bool
		change                func(*http.Request)
	}{
		{name: "a stream", url: chatURL, body: asking, want: asked},
		{name: "a stream of another host that takes it", url: "https://api.groq.com/openai/v1/chat/completions", body: asking, want: asked},
		{name: "white space in front", url: chatURL, body: " \n" + asking, want: asked},
		{name: "the option off", url: chatURL, body: asking, want: asking, off: true},
		{name: "no stream", url: chatURL, body: `{"model":"gpt-4o"}`, want: `{"model":"gpt-4o"}`},
		{name: "options that are there", url: chatURL, body: `{"stream":true,"stream_options":null}`, want: `{"stream":true,"stream_options":null}`},
		{name: "a host that may not take it", url: "https://api.mistral.ai/v1/chat/completions", body: asking, want: asking},
		{name: "a format that has no such option", url: openAIURL + "/responses", body: asking, want: asking},
		{name: "what is no JSON", url: chatURL, body: asking + "x", want: asking + "x"},
		{name: "a compressed request", url: chatURL, body: asking, want: asking, change: func(r *http.Request) { r.Header.Set("Content-Encoding", "identity") }},
		{name: "a signed request", url: chatURL, body: asking, want: asking, change: func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 x") }},
		{name: "another type", url: chatURL, body: asking, want: asking, change: func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }},
		{name: "a body that can be read once", url: chatURL, body: asking, want: asking, change: func(r *http.Request) { r.GetBody = nil }},
		{name: "a body of unknown size", url: chatURL, body: asking, want: asking, change: func(r *http.Request) { r.ContentLength = -1 }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newSpans(t)
			rt := transport(s, base(func(r *http.Request) (*http.Response, error) {
				wantBody(t, r, tc.want)
				return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
			}), costkeyhttp.WithStreamUsage(!tc.off))
			r := post(t, tc.url, tc.body)
			r.Header.Set("Content-Type", "application/json; charset=utf-8")
			if tc.change != nil {
				tc.change(r)
			}
			before, body := r.ContentLength, &closeCounter{Reader: r.Body}
			r.Body = body
			if _, err := rt.RoundTrip(r); err != nil {
				t.Fatal(err)
			}
			if r.ContentLength != before || r.Body != body || body.closed != 1 {
				t.Error("the caller's own request was changed, or its body was not closed")
			}
			s.one(t)
		})
	}
}

// wantBody reads and closes the body of r, and one more copy of it where there is one.
func wantBody(t *testing.T, r *http.Request, want string) {
	t.Helper()
	if r.ContentLength >= 0 && r.ContentLength != int64(len(want)) {
		t.Errorf("the length sent is %d, not %d", r.ContentLength, len(want))
	}
	got, _ := io.ReadAll(r.Body)
	_ = r.Body.Close()
	if strings.TrimSpace(string(got)) != want {
		t.Errorf("sent %s, not %s", got, want)
	}
	if r.GetBody == nil {
		return
	}
	again, err := r.GetBody()
	if err != nil {
		t.Fatal(err)
	}
	copied, _ := io.ReadAll(again)
	if string(copied) != string(got) {
		t.Errorf("another try sends %s, not %s", copied, got)
	}
}
