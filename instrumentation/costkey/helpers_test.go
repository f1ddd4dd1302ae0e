package costkey_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/costkey/costkey-otel/instrumentation/costkey"
)

// receiver is an OTLP/HTTP server that keeps what it gets.
type receiver struct {
	*httptest.Server
	status int // answered instead of 200

	mu      sync.Mutex
	traces  []ptrace.Traces
	metrics []string
	auth    []string
	headers []http.Header
}

func newReceiver(t *testing.T, status int) *receiver {
	t.Helper()
	r := &receiver{status: status}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", r.takeTraces)
	mux.HandleFunc("POST /v1/metrics", r.takeMetrics)
	r.Server = httptest.NewServer(mux)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) takeTraces(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	in := ptraceotlp.NewExportRequest()
	err := in.UnmarshalProto(body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.auth = append(r.auth, req.Header.Get("Authorization"))
	r.headers = append(r.headers, req.Header.Clone())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if r.status != 0 {
		http.Error(w, "invalid key", r.status)
		return
	}
	r.traces = append(r.traces, in.Traces())
	out, _ := ptraceotlp.NewExportResponse().MarshalProto()
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(out)
}

func (r *receiver) takeMetrics(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	in := pmetricotlp.NewExportRequest()
	if err := in.UnmarshalProto(body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.status != 0 {
		http.Error(w, "invalid key", r.status)
		return
	}
	for _, rm := range in.Metrics().ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				r.metrics = append(r.metrics, m.Name())
			}
		}
	}
}

// span is one span with what surrounds it.
type span struct {
	ptrace.Span
	scope    string
	resource pcommon.Map
}

// spans are all spans of a scope, in order of arrival.
func (r *receiver) spans(scope string) []span {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []span
	for _, td := range r.traces {
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, s := range ss.Spans().All() {
					if ss.Scope().Name() == scope {
						out = append(out, span{s, ss.Scope().Name(), rs.Resource().Attributes()})
					}
				}
			}
		}
	}
	return out
}

func (s span) attr(key string) string {
	v, ok := s.Attributes().Get(key)
	if !ok {
		return ""
	}
	return v.AsString()
}

// provider stands in for an AI provider and keeps the names of the headers it saw.
type provider struct {
	*httptest.Server
	mu   sync.Mutex
	seen map[string][]string // path to header names
}

var answers = map[string]string{
	"/v1/chat/completions": `{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"completion_tokens":5,"total_tokens":16}}`,
	"/v1/messages":         `{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{"input_tokens":11,"output_tokens":5}}`,
	"/v1beta/models/gemini-2.5-flash:generateContent": `{"candidates":[{"content":{"role":"model","parts":[{"text":"hi"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":11,"candidatesTokenCount":5,"totalTokenCount":16},"modelVersion":"gemini-2.5-flash","responseId":"r-1"}`,
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{seen: map[string][]string{}}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(io.Discard, req.Body)
		names := []string{}
		for name := range req.Header {
			names = append(names, name)
		}
		slices.Sort(names)
		p.mu.Lock()
		p.seen[req.URL.Path] = names
		p.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, answers[req.URL.Path])
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) host() string { return strings.TrimPrefix(p.URL, "http://") }

// headerNames returns what was seen since the last time.
func (p *provider) headerNames() map[string][]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := p.seen
	p.seen = map[string][]string{}
	return seen
}

// chat makes one call as OpenAI's SDK would.
func chat(ctx context.Context, t *testing.T, client *http.Client, p *provider) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+"/v1/chat/completions", strings.NewReader(`{"model":"gpt-4o","messages":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
}

// logbook is a logger that a test can read.
type logbook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *logbook) option() costkey.Option {
	return costkey.WithLogger(slog.New(slog.NewTextHandler(l, nil)))
}

// clearEnv takes away what a machine may have set.
func clearEnv(t *testing.T) {
	t.Helper()
	for _, name := range []string{
		"COSTKEY_DSN", "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT",
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL",
		"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_TRACES_SAMPLER",
	} {
		t.Setenv(name, "")
	}
}

// setUp runs Init and shuts down at the test's end at the latest.
func setUp(t *testing.T, opts ...costkey.Option) func(context.Context) error {
	t.Helper()
	shutdown, err := costkey.Init(t.Context(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = shutdown(context.WithoutCancel(t.Context())) })
	return shutdown
}

func mustShutDown(t *testing.T, shutdown func(context.Context) error) {
	t.Helper()
	if err := shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
}
