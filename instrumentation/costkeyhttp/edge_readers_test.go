package costkeyhttp_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"

	"github.com/costkey/costkey-otel/semconv"
)

// everyReader runs test over each recorded answer of each provider.
func everyReader(t *testing.T, test func(t *testing.T, url, request string, answer []byte, contentType string)) {
	t.Helper()
	everyWire(t, func(t *testing.T, w recorded) { test(t, w.url, w.request, w.answer, w.contentType) })
}

// recorded is a recorded exchange.
type recorded struct {
	name, url   string
	status      int
	header      http.Header // of the answer, beyond its content type
	request     string
	answer      []byte
	contentType string
}

// served answers as the provider did.
func (w recorded) served() base {
	return withHeader(w.header, answering(w.status, w.contentType, bytes.NewReader(w.answer)))
}

// everyWire runs test over each recorded exchange.
func everyWire(t *testing.T, test func(t *testing.T, w recorded)) {
	t.Helper()
	var all []recorded
	for _, w := range wires {
		all = append(all, recorded{name: w.name, url: w.url, status: w.status})
	}
	for _, w := range providerWires {
		all = append(all, recorded{name: w.name, url: w.url, status: http.StatusOK, header: w.header})
	}
	for _, w := range all {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			w.answer, w.contentType = framed(t, w.name)
			w.request = string(read(t, w.name+"/request.json"))
			test(t, w)
		})
	}
}

func TestOnEveryReaderAnAnswerWithoutABodyEndsItsSpanOnce(t *testing.T) {
	t.Parallel()
	everyReader(t, func(t *testing.T, url, request string, _ []byte, contentType string) {
		for status, body := range map[int]io.ReadCloser{200: nil, 204: http.NoBody} {
			s := newSpans(t)
			rt := transport(s, base(func(r *http.Request) (*http.Response, error) {
				_, _ = io.Copy(io.Discard, r.Body)
				return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {contentType}}, Body: body, Request: r}, nil
			}))
			resp, err := rt.RoundTrip(post(t, url, request))
			if err != nil || resp.Body != body {
				t.Errorf("the caller got another body: %v", err)
			}
			s.one(t)
		}
	})
}

func TestOnEveryReaderCallsThatAreNoPostMakeNoSpan(t *testing.T) {
	t.Parallel()
	everyReader(t, func(t *testing.T, url, _ string, answer []byte, contentType string) {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodDelete} {
			s := newSpans(t)
			r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
			if err != nil {
				t.Fatal(err)
			}
			drain(t, transport(s, answering(200, contentType, bytes.NewReader(answer))), r)
			if n := len(s.Started()); n != 0 {
				t.Errorf("a %s starts %d spans", method, n)
			}
		}
	})
}

func TestOnEveryReaderAnEarlyOrDoubleCloseEndsTheSpanOnce(t *testing.T) {
	t.Parallel()
	everyReader(t, func(t *testing.T, url, request string, answer []byte, contentType string) {
		for _, taken := range []int{0, 1, len(answer) / 2, len(answer)} {
			s := newSpans(t)
			body := &closeCounter{Reader: bytes.NewReader(answer)}
			resp, err := transport(s, answering(200, contentType, body)).RoundTrip(post(t, url, request))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(resp.Body, make([]byte, taken)); err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			_ = resp.Body.Close()
			if _, err := resp.Body.Read(make([]byte, 1)); !errors.Is(err, http.ErrBodyReadAfterClose) {
				t.Errorf("a Read after Close says %v, not what the base says", err)
			}
			if body.closed != 2 {
				t.Errorf("the base's body was closed %d times, not 2", body.closed)
			}
			s.one(t)
		}
	})
}

// closeCounter is a body that counts its Closes and is not read after one, as the standard library's.
type closeCounter struct {
	io.Reader
	closed int
}

func (c *closeCounter) Read(p []byte) (int, error) {
	if c.closed > 0 {
		return 0, http.ErrBodyReadAfterClose
	}
	return c.Reader.Read(p)
}

func (c *closeCounter) Close() error { c.closed++; return nil }

func TestOnEveryReaderAConnectionThatBreaksEndsTheSpanWithWhatIsKnown(t *testing.T) {
	t.Parallel()
	everyReader(t, func(t *testing.T, url, request string, answer []byte, contentType string) {
		s := newSpans(t)
		rt := transport(s, answering(200, contentType, broken(string(answer[:len(answer)/4]))))
		resp, err := rt.RoundTrip(post(t, url, request))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(resp.Body); !errors.Is(err, errReset) {
			t.Errorf("the caller's error is %v", err)
		}
		span := s.one(t)
		if span.Status().Code != codes.Error || strings.Contains(s.everything(), "SECRET") {
			t.Errorf("the span of a broken call is %v", span.Status())
		}
		missing := "interrupted"
		if strings.Contains(request, `"background": true`) {
			missing = "background" // it would have told none
		}
		wantAttrs(t, span, map[attribute.Key]any{semconv.UsageMissingKey: missing})
	})
}

func TestOnEveryReaderACancelledCallEndsItsSpanThoughItsBodyIsNeverRead(t *testing.T) {
	t.Parallel()
	everyReader(t, func(t *testing.T, url, request string, answer []byte, contentType string) {
		s := newSpans(t)
		ctx, cancel := context.WithCancel(context.Background())
		r := post(t, url, request).WithContext(ctx)
		cancel()
		resp, err := transport(s, answering(200, contentType, bytes.NewReader(answer))).RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if got := attrs(s.await(t, 1)[0])[semconv.ErrorTypeKey]; got != nil && got != "context_canceled" {
			t.Errorf("error.type is %v", got)
		}
	})
}

func TestOnEveryReaderARefusalHasItsStatusAndNoUsage(t *testing.T) {
	t.Parallel()
	everyReader(t, func(t *testing.T, url, request string, _ []byte, _ string) {
		for status, word := range map[int]string{429: "429", 500: "500"} {
			s := newSpans(t)
			rt := transport(s, answering(status, jsonTyp, strings.NewReader(`{"message":"ERROR-MARKER"}`)))
			drain(t, rt, post(t, url, request))
			span := s.one(t)
			wantAttrs(t, span, map[attribute.Key]any{
				semconv.ErrorTypeKey: word, semconv.UsageMissingKey: nil, semconv.GenAIUsageInputTokensKey: nil,
			})
			if strings.Contains(s.everything(), "MARKER") {
				t.Error("the text of the error has reached a span")
			}
		}
	})
}
