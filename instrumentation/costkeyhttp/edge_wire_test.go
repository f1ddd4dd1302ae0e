package costkeyhttp_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
	"github.com/costkey/costkey-otel/semconv"
)

func TestOnEveryReaderASwitchedProtocolOrARedirectMakesNoSpan(t *testing.T) {
	t.Parallel()
	everyReader(t, func(t *testing.T, url, request string, _ []byte, contentType string) {
		for _, status := range []int{101, 301, 302, 303, 304, 307, 308} {
			s := newSpans(t)
			body := &duplex{}
			resp, err := transport(s, answering(status, contentType, body)).RoundTrip(post(t, url, request))
			if err != nil {
				t.Fatal(err)
			}
			if resp.Body != io.ReadCloser(body) {
				t.Errorf("%d: the body was replaced", status)
			}
			if n := len(s.Ended()); n != 0 {
				t.Errorf("%d: %d spans have ended", status, n)
			}
		}
	})
}

func TestOnEveryReaderADeadlineEndsTheSpanOfABodyThatHangs(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, want string
		end        func(context.Context) (context.Context, context.CancelFunc)
	}{
		{"deadline", "timeout", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 1)
		}},
		{"cancel", "context_canceled", context.WithCancel},
	} {
		everyReader(t, func(t *testing.T, url, request string, answer []byte, contentType string) {
			s := newSpans(t)
			ctx, cancel := tc.end(context.Background())
			defer cancel()
			// The body hangs from its middle on, until the context ends, and then says so as net/http's does.
			body := io.MultiReader(bytes.NewReader(answer[:len(answer)/3]), hanging{ctx, cancel})
			resp, err := transport(s, answering(200, contentType, body)).RoundTrip(post(t, url, request).WithContext(ctx))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(resp.Body); !errors.Is(err, ctx.Err()) {
				t.Errorf("%s: the caller's error is %v", tc.name, err)
			}
			_ = resp.Body.Close()
			span := s.await(t, 1)[0]
			wantAttrs(t, span, map[attribute.Key]any{semconv.ErrorTypeKey: tc.want})
			if span.Status().Code != codes.Error {
				t.Errorf("%s: status %v", tc.name, span.Status())
			}
		})
	}
}

// hanging is a body that waits for the end of its context; one that has no deadline is canceled by the first Read.
type hanging struct {
	ctx    context.Context
	cancel func()
}

func (h hanging) Read([]byte) (int, error) {
	if _, timed := h.ctx.Deadline(); !timed {
		h.cancel()
	}
	<-h.ctx.Done()
	return 0, h.ctx.Err()
}

func TestOnEveryReaderABodyThatIsNeverReadIsInterrupted(t *testing.T) {
	t.Parallel()
	everyReader(t, func(t *testing.T, url, request string, answer []byte, contentType string) {
		if len(answer) == 0 {
			return
		}
		s := newSpans(t)
		resp, err := transport(s, answering(200, contentType, bytes.NewReader(answer))).RoundTrip(post(t, url, request))
		if err != nil {
			t.Fatal(err)
		}
		if len(s.genAI()) != 0 {
			t.Error("the span has ended before the answer was read")
		}
		_ = resp.Body.Close()
		span := s.one(t)
		if missing := attrs(span)[semconv.UsageMissingKey]; missing != "interrupted" && missing != "background" {
			t.Errorf("the usage is missing for %v", missing)
		}
		if span.Status().Code == codes.Error {
			t.Error("a Close is a failure")
		}
	})
}

func TestOnEveryReaderAPanicInAHookIsRecoveredAndCounted(t *testing.T) {
	t.Parallel()
	everyWire(t, func(t *testing.T, w recorded) {
		s := newSpans(t)
		rt := transport(s, answering(w.status, w.contentType, bytes.NewReader(w.answer)), costkeyhttp.WithCaptureBody(true),
			costkeyhttp.WithBeforeExport(func(*costkeyhttp.Content) { panic("SECRET") }))
		if _, got := drain(t, rt, post(t, w.url, w.request)); !bytes.Equal(got, w.answer) {
			t.Error("the caller read other bytes")
		}
		got := attrs(s.one(t))
		if rt.ContentDropped() != 1 || got[semconv.GenAIInputMessagesKey] != nil || got[semconv.GenAIOutputMessagesKey] != nil {
			t.Errorf("%d contents were dropped", rt.ContentDropped())
		}
		if strings.Contains(s.everything(), "SECRET") {
			t.Error("the panic's value has reached a span")
		}
	})
}

func TestOnEveryReaderATryThatWasRefusedIsACallWithoutUsageAndTheNextHasIt(t *testing.T) {
	t.Parallel()
	everyWire(t, func(t *testing.T, w recorded) {
		s, tries := newSpans(t), 0
		rt := transport(s, base(func(r *http.Request) (*http.Response, error) {
			if tries++; tries == 1 {
				return answering(429, jsonTyp, strings.NewReader(`{"message":"ERROR-MARKER"}`))(r)
			}
			return w.served()(r)
		}))
		r := post(t, w.url, w.request)
		refused, err := rt.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = refused.Body.Close() // unread, as the SDKs do it
		again := r.Clone(context.Background())
		if again.Body, err = r.GetBody(); err != nil {
			t.Fatal(err)
		}
		drain(t, rt, again)
		all := s.genAI()
		if len(all) != 2 {
			t.Fatalf("%d spans, not 2", len(all))
		}
		wantAttrs(t, all[0], map[attribute.Key]any{
			semconv.ErrorTypeKey: "429", semconv.UsageMissingKey: nil,
			semconv.GenAIUsageInputTokensKey: nil, semconv.GenAIUsageOutputTokensKey: nil,
		})
		compareSpan(t, w.name, all[1])
	})
}

// wireServer plays recorded exchanges over a real connection: the one that the header Wire names, in the manner that
// the header Manner names.
type wireServer struct {
	*httptest.Server
	byName   map[string]recorded
	reaching http.RoundTripper // sends every request to the server, whatever its address
}

func (s *wireServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	wire := s.byName[r.Header.Get("Wire")]
	manner := r.Header.Get("Manner")
	if manner == "redirected" && r.Header.Get("Referer") == "" {
		w.Header().Set("Location", r.URL.RequestURI())
		w.WriteHeader(http.StatusTemporaryRedirect)
		return
	}
	if manner == "informed" {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusProcessing)
		w.Header().Del("Link")
	}
	for name, values := range wire.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", wire.contentType)
	w.WriteHeader(wire.status)
	rest := wire.answer
	if manner == "reset" {
		rest = rest[:len(rest)/3]
	}
	for len(rest) > 0 { // in small writes, as providers do
		n := min(len(rest), 200)
		_, _ = w.Write(rest[:n])
		rest = rest[n:]
		w.(http.Flusher).Flush()
	}
	if manner == "reset" {
		panic(http.ErrAbortHandler)
	}
}

// reach returns a transport that sends every request to the server, whatever its address.
func (s *wireServer) reach(t *testing.T) http.RoundTripper {
	t.Helper()
	rt, ok := s.Client().Transport.(*http.Transport)
	if !ok {
		t.Fatal("the server's client has another transport")
	}
	rt = rt.Clone()
	address := s.Listener.Addr().String()
	rt.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", address)
	}
	rt.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // a server of the test
	t.Cleanup(rt.CloseIdleConnections)
	return base(func(r *http.Request) (*http.Response, error) {
		if r.URL.Scheme == "https" {
			return rt.RoundTrip(r)
		}
		out := r.Clone(r.Context()) // Ollama
		out.URL.Scheme = "https"
		return rt.RoundTrip(out)
	})
}

func serveWires(t *testing.T, http2 bool) *wireServer {
	t.Helper()
	s := &wireServer{byName: map[string]recorded{}}
	for _, w := range wires {
		s.byName[w.name] = recorded{status: w.status}
	}
	for _, w := range providerWires {
		s.byName[w.name] = recorded{status: http.StatusOK, header: w.header}
	}
	for name, w := range s.byName {
		w.answer, w.contentType = framed(t, name)
		s.byName[name] = w
	}
	s.Server = httptest.NewUnstartedServer(s)
	s.EnableHTTP2 = http2
	s.StartTLS()
	t.Cleanup(s.Close)
	s.reaching = s.reach(t)
	return s
}

// TestOnEveryReaderARealConnectionGivesTheSameSpanOverBothVersionsOfHTTP also covers informational answers, a redirect
// that the client follows, and a connection that is cut in the middle.
func TestOnEveryReaderARealConnectionGivesTheSameSpanOverBothVersionsOfHTTP(t *testing.T) {
	t.Parallel()
	for version, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
		server := serveWires(t, http2)
		everyWire(t, func(t *testing.T, w recorded) {
			for _, manner := range []string{"plain", "informed", "redirected"} {
				s := newSpans(t)
				client := &http.Client{Transport: transport(s, server.reaching)}
				r := post(t, w.url, w.request)
				r.Header.Set("Wire", w.name)
				r.Header.Set("Manner", manner)
				resp, err := client.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(resp.Body)
				if err := errors.Join(err, resp.Body.Close()); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, w.answer) || resp.Proto != version {
					t.Errorf("%s over %s: the caller read other bytes", manner, resp.Proto)
				}
				compareSpan(t, w.name, s.one(t))
			}
		})
	}
}

func TestOnEveryReaderAConnectionResetInTheMiddleEndsTheSpanWithWhatIsKnown(t *testing.T) {
	t.Parallel()
	for version, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
		server := serveWires(t, http2)
		everyWire(t, func(t *testing.T, w recorded) {
			if w.status >= http.StatusBadRequest {
				return // a refusal is what its status says, whole or not
			}
			s := newSpans(t)
			r := post(t, w.url, w.request)
			r.Header.Set("Wire", w.name)
			r.Header.Set("Manner", "reset")
			resp, err := transport(s, server.reaching).RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			_, err = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if err == nil {
				t.Fatalf("%s: the connection was not cut", version)
			}
			span := s.one(t)
			if span.Status().Code != codes.Error || attrs(span)[semconv.ErrorTypeKey] == nil {
				t.Errorf("%s: status %v", version, span.Status())
			}
			wantAttrs(t, span, map[attribute.Key]any{semconv.HTTPResponseStatusCodeKey: int64(200)})
		})
	}
}
