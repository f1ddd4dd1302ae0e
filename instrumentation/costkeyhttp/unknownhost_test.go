package costkeyhttp_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
	"github.com/costkey/costkey-otel/semconv"
)

// unknownHosts returns how many requests to each host the metric has counted.
func unknownHosts(t *testing.T, r *metric.ManualReader) map[string]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := r.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	out := map[string]int64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			if sum, ok := m.Data.(metricdata.Sum[int64]); ok && m.Name == "costkey.client.unknown_host" {
				for _, p := range sum.DataPoints {
					host, _ := p.Attributes.Value(semconv.ServerAddressKey)
					out[host.AsString()] = p.Value
				}
			}
		}
	}
	return out
}

func TestWhatLooksLikeACallAtAnUnknownHostIsCountedAndSaidOnce(t *testing.T) {
	var mu sync.Mutex
	said := map[string]int{}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		mu.Lock()
		defer mu.Unlock()
		said[err.Error()]++
	}))
	t.Cleanup(func() { otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {})) })
	reader := metric.NewManualReader()
	s := newSpans(t)
	rt := transport(s, base(func(r *http.Request) (*http.Response, error) {
		return answering(200, jsonTyp, strings.NewReader("{}")).RoundTrip(r)
	}), costkeyhttp.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(reader))), costkeyhttp.WithPropagateTo("own.internal"))
	for _, url := range []string{
		"https://user:SECRET@llm.acme.example:8443/SECRET/v1/chat/completions?key=SECRET", "https://LLM.acme.example/v1/responses",
		"https://own.internal/api/chat", "https://llm.acme.example/v1/orders",
	} {
		drain(t, rt, post(t, url, chatBody))
	}
	if got := unknownHosts(t, reader); len(got) != 1 || got["llm.acme.example"] != 2 {
		t.Errorf("counted %v", got)
	}
	for text, n := range said {
		if !strings.Contains(text, `"llm.acme.example"`) || strings.Contains(text, "SECRET") || n != 1 {
			t.Errorf("%d times %q", n, text)
		}
	}
	if len(said) != 1 || len(s.genAI()) != 0 {
		t.Errorf("%d texts were said, %d calls made", len(said), len(s.genAI()))
	}
	for i := range 150 {
		drain(t, rt, post(t, fmt.Sprintf("https://h%d.example/v1/responses", i), chatBody))
	}
	if got := unknownHosts(t, reader); len(got) != 101 || got["_OTHER"] != 51 {
		t.Errorf("%d hosts are told apart, %d requests to others", len(got), got["_OTHER"])
	}
}

func TestACallAtAnUnknownHostIsACallWhereThatIsAskedFor(t *testing.T) {
	t.Parallel()
	s := newSpans(t)
	rt := transport(s, answering(200, jsonTyp, strings.NewReader(`{"model":"m","usage":{"prompt_tokens":1,"completion_tokens":2}}`)),
		costkeyhttp.WithUnknownHosts(true))
	drain(t, rt, post(t, "https://llm.acme.example/v1/chat/completions", chatBody))
	wantAttrs(t, s.one(t), map[attribute.Key]any{
		semconv.GenAIProviderNameKey: "_OTHER", semconv.ServerAddressKey: "llm.acme.example",
		semconv.GenAIUsageInputTokensKey: int64(1), semconv.GenAIUsageOutputTokensKey: int64(2),
	})
}
