package costkeyhttp_test

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
	"github.com/costkey/costkey-otel/semconv"
)

// meters are metrics that are read by the test.
type meters struct {
	*sdkmetric.ManualReader
	*sdkmetric.MeterProvider
}

func newMeters() meters {
	reader := sdkmetric.NewManualReader()
	return meters{reader, sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))}
}

// histograms returns the count, and the attributes of one point each, by the instrument's name.
func (m meters) histograms(t *testing.T) map[string]point {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := m.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	got := map[string]point{}
	for _, scope := range all.ScopeMetrics {
		for _, metric := range scope.Metrics {
			p := point{unit: metric.Unit}
			switch data := metric.Data.(type) {
			case metricdata.Histogram[float64]:
				for _, dp := range data.DataPoints {
					p.count += dp.Count
					p.attrs = dp.Attributes
				}
			case metricdata.Histogram[int64]:
				for _, dp := range data.DataPoints {
					p.count += dp.Count
					p.sum += dp.Sum
					p.attrs = dp.Attributes
				}
			}
			got[metric.Name] = p
		}
	}
	return got
}

type point struct {
	unit  string
	count uint64
	sum   int64
	attrs attribute.Set
}

// names returns the instruments' names in order.
func names(points map[string]point) string {
	var out []string
	for name := range points {
		out = append(out, name)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestACallHasItsMetrics(t *testing.T) {
	t.Parallel()
	s, m := newSpans(t), newMeters()
	stream := read(t, "openai-chat-stream/answer.sse")
	rt := transport(s, base(func(r *http.Request) (*http.Response, error) {
		body := io.Reader(bytes.NewReader(read(t, "openai-chat/answer.json")))
		if r.Header.Get("Stream") == "" {
			return answering(200, jsonTyp, body)(r)
		}
		return answering(200, eventTyp, &pieces{rest: stream, next: func() int { return 100 }})(r)
	}), costkeyhttp.WithMeterProvider(m))
	drain(t, rt, post(t, chatURL, chatBody))
	if got := m.histograms(t); names(got) != "gen_ai.client.operation.duration gen_ai.client.token.usage "+
		"http.client.request.body.size http.client.request.duration" {
		t.Errorf("a plain answer is measured by %s", names(got))
	}
	r := post(t, chatURL, `{"model":"gpt-4o","stream":true}`)
	r.Header.Set("Stream", "1")
	drain(t, rt, r)

	got := m.histograms(t)
	events := uint64(bytes.Count(stream, []byte("\ndata: "))) + 1
	for name, want := range map[string]point{
		"gen_ai.client.operation.duration":              {unit: "s", count: 2},
		"gen_ai.client.token.usage":                     {unit: "{token}", count: 4, sum: 2 * (1511 + 171)},
		"gen_ai.client.operation.time_to_first_chunk":   {unit: "s", count: 1},
		"gen_ai.client.operation.time_per_output_chunk": {unit: "s"},
	} {
		p := got[name]
		if p.unit != want.unit || p.sum != want.sum || want.count > 0 && p.count != want.count {
			t.Errorf("%s is %+v, not %+v", name, p, want)
		}
		for key, value := range map[attribute.Key]string{
			semconv.GenAIOperationNameKey: "chat", semconv.GenAIProviderNameKey: "openai", semconv.ServerAddressKey: "api.openai.com",
			semconv.GenAIRequestModelKey: "gpt-4o", semconv.GenAIResponseModelKey: "gpt-4o-2024-08-06",
		} {
			if v, _ := p.attrs.Value(key); v.AsString() != value {
				t.Errorf("%s: %s is %q, not %q", name, key, v.AsString(), value)
			}
		}
	}
	// The events up to the first content have no time of their own.
	if n := got["gen_ai.client.operation.time_per_output_chunk"].count; n == 0 || n >= events {
		t.Errorf("%d of %d events are timed", n, events)
	}
}

func TestAFailedCallsDurationHasItsErrorAndNoTokens(t *testing.T) {
	t.Parallel()
	s, m := newSpans(t), newMeters()
	rt := transport(s, answering(429, jsonTyp, bytes.NewReader(read(t, "openai-chat-error-429/answer.json"))), costkeyhttp.WithMeterProvider(m))
	drain(t, rt, post(t, chatURL, chatBody))
	got := m.histograms(t)
	failed := got["gen_ai.client.operation.duration"]
	if v, _ := failed.attrs.Value(semconv.ErrorTypeKey); v.AsString() != "rate_limit_exceeded" || failed.count != 1 {
		t.Errorf("the duration is %+v", failed)
	}
	if n := got["gen_ai.client.token.usage"].count; n != 0 {
		t.Errorf("a refused call has %d counts", n)
	}
}

// TestOtelhttpsMetricsGoNowhereUnlessAsked is not parallel: it sets the global provider.
func TestOtelhttpsMetricsGoNowhereUnlessAsked(t *testing.T) {
	m := newMeters()
	otel.SetMeterProvider(m)
	t.Cleanup(func() { otel.SetMeterProvider(noopmetric.NewMeterProvider()) })
	s := newSpans(t)
	drain(t, transport(s, answering(200, jsonTyp, strings.NewReader(saidAnswer))), post(t, chatURL, chatBody))
	if got := m.histograms(t); names(got) != "gen_ai.client.operation.duration gen_ai.client.token.usage" {
		t.Errorf("the global provider has %s", names(got))
	}
}

func TestAStreamThatIsWholeSaysItsOutputTokensPerSecond(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"openai-chat-stream": true, "openai-chat-stream-without-usage": false, "openai-chat-stream-cut": false, "openai-chat": false,
	} {
		s := newSpans(t)
		answer, contentType := answerOf(t, name)
		start := time.Now()
		drain(t, transport(s, answering(200, contentType, bytes.NewReader(answer))), post(t, chatURL, chatBody))
		longest := time.Since(start)
		rate, _ := attrs(s.one(t))[semconv.OutputTokensPerSecondKey].(float64)
		if (rate > 0) != want {
			t.Errorf("%s has %v tokens per second", name, rate)
		}
		if least := 171 / longest.Seconds(); want && rate < least {
			t.Errorf("%s has %v tokens per second, less than %v", name, rate, least)
		}
	}
}
