package costkeyhttp_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/costkey/costkey-otel/instrumentation/costkeyctx"
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
)

const ownURL = "http://pricing.internal:8080/quote"

// headersTo returns the headers that a GET of url arrives with.
func headersTo(t *testing.T, url, method string, set http.Header, traced bool, opts ...costkeyhttp.Option) http.Header {
	t.Helper()
	s := newSpans(t)
	var got http.Header
	rt := transport(s, base(func(r *http.Request) (*http.Response, error) {
		got = r.Header.Clone()
		return answering(200, "text/plain", strings.NewReader("ok"))(r)
	}), opts...)
	ctx := t.Context()
	if traced {
		var span trace.Span
		ctx, span = s.provider.Tracer("test").Start(costkeyctx.WithTrace(ctx, "", "checkout"), "request")
		defer span.End()
	}
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = set
	before := r.Header.Clone()
	resp, _ := drain(t, rt, r)
	if resp.Request != r {
		t.Error("the answer's request is not the caller's")
	}
	if len(r.Header) != len(before) {
		t.Errorf("the caller's request has changed: %v", r.Header)
	}
	return got
}

func TestTheTraceGoesToNamedHostsOnlyAndNeverToAProvider(t *testing.T) {
	t.Parallel()
	to := costkeyhttp.WithPropagateTo
	for name, c := range map[string]struct {
		url    string
		traced bool
		opts   []costkeyhttp.Option
		want   bool
	}{
		"nobody is named":              {ownURL, true, nil, false},
		"the host is named":            {ownURL, true, []costkeyhttp.Option{to("Pricing.Internal")}, true},
		"host and port are named":      {ownURL, true, []costkeyhttp.Option{to("", "pricing.internal:8080")}, true},
		"another port is named":        {ownURL, true, []costkeyhttp.Option{to("pricing.internal:9090")}, false},
		"another host":                 {"http://pricing.internal.evil.example/", true, []costkeyhttp.Option{to("pricing.internal")}, false},
		"there is no trace":            {ownURL, false, []costkeyhttp.Option{to("pricing.internal")}, false},
		"a provider, a call":           {openAIURL + "/chat/completions", true, []costkeyhttp.Option{to("api.openai.com")}, false},
		"a provider, no call":          {"https://api.openai.com/v1/models", true, []costkeyhttp.Option{to("api.openai.com", "api.openai.com:443")}, false},
		"a provider's name with a dot": {"https://api.openai.com./v1/models", true, []costkeyhttp.Option{to("api.openai.com.", "api.openai.com")}, false},
		"a gateway of the user's":      {"http://llm.internal/x", true, []costkeyhttp.Option{to("llm.internal"), costkeyhttp.WithProvider("llm.internal", "openai")}, false},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			t.Run(name+" "+method, func(t *testing.T) {
				t.Parallel()
				got := headersTo(t, c.url, method, http.Header{}, c.traced, c.opts...)
				for _, h := range []string{"Traceparent", costkeyhttp.TraceIDHeader, costkeyhttp.TraceNameHeader} {
					if (got.Get(h) != "") != c.want {
						t.Errorf("%s is %q", h, got.Get(h))
					}
				}
			})
		}
	}
}

func TestHeadersThatTheCallerSetStay(t *testing.T) {
	t.Parallel()
	set := http.Header{"Traceparent": {"mine"}, costkeyhttp.TraceIDHeader: {"order-1"}}
	got := headersTo(t, ownURL, http.MethodGet, set, true, costkeyhttp.WithPropagateTo("pricing.internal"))
	if got.Get("Traceparent") != "mine" || got.Get(costkeyhttp.TraceIDHeader) != "order-1" || got.Get(costkeyhttp.TraceNameHeader) != "checkout" {
		t.Errorf("got %v", got)
	}
}

func TestAHandlerJoinsTheCallersTrace(t *testing.T) {
	t.Parallel()
	const w3cID, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	w3c := "00-" + w3cID + "-" + parent + "-01"
	for name, c := range map[string]struct{ traceparent, id, wantTrace, wantSpan, wantTag string }{
		"by a text":                    {"", "order-4711", "a1b046447c8db20e6536b63a9e993320", "57ae789c32e0b750", "order-4711"},
		"by a W3C id":                  {"", w3cID, w3cID, "", ""},
		"by a W3C id in capitals":      {"", strings.ToUpper(w3cID), w3cID, "", ""},
		"by W3C, which wins":           {w3c, "order-4711", w3cID, parent, "order-4711"},
		"a broken W3C header":          {"00-xyz", "order-4711", "a1b046447c8db20e6536b63a9e993320", "57ae789c32e0b750", "order-4711"},
		"no header":                    {"", "", "", "", ""},
		"a text that is much too long": {"", strings.Repeat("x", 257), "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got trace.SpanContext
			var tag string
			h := costkeyhttp.NewHandler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				got = trace.SpanContextFromContext(r.Context())
				tag = costkeyctx.FromContext(r.Context()).Text(costkeyctx.TraceIDKey)
			}))
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			r.Header.Set("Traceparent", c.traceparent)
			r.Header.Set("x-costkey-trace-id", c.id)
			h.ServeHTTP(httptest.NewRecorder(), r)
			if got.IsValid() != (c.wantTrace != "") || (got.IsValid() && got.TraceID().String() != c.wantTrace) || tag != c.wantTag {
				t.Errorf("trace %s, tag %q", got.TraceID(), tag)
			}
			if c.wantSpan != "" && got.SpanID().String() != c.wantSpan {
				t.Errorf("span %s", got.SpanID())
			}
		})
	}
}

func TestOneTraceOverTwoServices(t *testing.T) {
	t.Parallel()
	s := newSpans(t)
	service := func(h http.HandlerFunc) *httptest.Server {
		server := httptest.NewServer(costkeyhttp.NewHandler(otelhttp.NewHandler(h, "service",
			otelhttp.WithTracerProvider(s.provider), otelhttp.WithMeterProvider(noop.NewMeterProvider()),
			otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator()))))
		t.Cleanup(server.Close)
		return server
	}
	ai := transport(s, answering(200, "application/json", strings.NewReader(saidAnswer)))
	second := service(func(_ http.ResponseWriter, r *http.Request) {
		call := post(t, openAIURL+"/chat/completions", saidRequest).WithContext(r.Context())
		if resp, err := ai.RoundTrip(call); err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
	})
	rt := &http.Transport{}
	t.Cleanup(rt.CloseIdleConnections)
	own := transport(s, rt, costkeyhttp.WithPropagateTo(strings.TrimPrefix(second.URL, "http://")))
	first := service(func(_ http.ResponseWriter, r *http.Request) {
		q, _ := http.NewRequestWithContext(r.Context(), http.MethodPost, second.URL, nil)
		if resp, err := own.RoundTrip(q); err == nil {
			_ = resp.Body.Close()
		}
	})
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, first.URL, nil)
	r.Header.Set("x-costkey-trace-id", "order-4711") // as CostKey's SDK for JavaScript sends it
	drain(t, rt, r)
	got := s.one(t)
	if id := got.SpanContext().TraceID().String(); id != "a1b046447c8db20e6536b63a9e993320" {
		t.Errorf("the call is in trace %s", id)
	}
	wantAttrs(t, got, nil)
	if attrs(got)["costkey.tag.traceId"] != "order-4711" {
		t.Errorf("the text is lost: %v", attrs(got))
	}
}
