package costkeyhttp

import (
	"context"
	"net/http"
	"strings"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"

	"github.com/costkey/costkey-otel/semconv"
)

// withHTTPSpan puts otelhttp above base, such that it sends no header, says no query and no text of an error, and records
// no metric unless asked. An otelhttp transport of the user's own stays as it is.
func withHTTPSpan(base http.RoundTripper, tracers trace.TracerProvider, meters metric.MeterProvider) http.RoundTripper {
	if own, ok := base.(*otelhttp.Transport); ok {
		return own
	}
	if meters == nil {
		meters = noopmetric.NewMeterProvider() // otelhttp takes the global one for nil
	}
	return otelhttp.NewTransport(tail{base},
		otelhttp.WithTracerProvider(discreetProvider{base: tracers}),
		otelhttp.WithMeterProvider(meters),
		otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator()),
	)
}

// tail stands between otelhttp and the base, and notes what the base answered.
type tail struct{ base http.RoundTripper }

func (t tail) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.base.RoundTrip(r)
	if c := callFrom(r.Context()); c != nil {
		c.answered(r, resp, err)
	}
	return resp, err
}

// discreetProvider makes spans that keep what is private out. otelhttp sets the whole URL after a span's start, so options
// and samplers can't.
type discreetProvider struct {
	embedded.TracerProvider
	base trace.TracerProvider
}

func (p discreetProvider) Tracer(name string, opts ...trace.TracerOption) trace.Tracer {
	return discreetTracer{base: p.base.Tracer(name, opts...)}
}

type discreetTracer struct {
	embedded.Tracer
	base trace.Tracer
}

// Start starts a span. The context holds the span as it is, for what the base starts below it.
func (t discreetTracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	ctx, span := t.base.Start(ctx, name, opts...)
	if !span.IsRecording() {
		return ctx, span
	}
	if c := callFrom(ctx); c != nil && c.http.Span == nil {
		c.http.Span = span // saves an allocation
		return ctx, &c.http
	}
	return ctx, &discreetSpan{span}
}

// discreetSpan passes on attributes by an allow-list, and neither texts nor events nor links.
type discreetSpan struct{ trace.Span }

func (s *discreetSpan) SetAttributes(attrs ...attribute.KeyValue) {
	kept := 0
	for i := range attrs {
		if !discreet(&attrs[i]) {
			continue
		}
		if kept < i {
			attrs[kept] = attrs[i]
		}
		kept++
	}
	s.Span.SetAttributes(attrs[:kept]...)
}

func (s *discreetSpan) SetStatus(code codes.Code, _ string)           { s.Span.SetStatus(code, "") }
func (s *discreetSpan) AddEvent(string, ...trace.EventOption)         {}
func (s *discreetSpan) AddLink(trace.Link)                            {}
func (s *discreetSpan) RecordError(err error, _ ...trace.EventOption) {}

// discreet changes the attribute to what may be said of it; it is false where nothing may.
func discreet(kv *attribute.KeyValue) bool {
	switch kv.Key {
	case "url.full":
		if whole := kv.Value.AsString(); strings.ContainsAny(whole, queryOrFragment) {
			kv.Value = attribute.StringValue(withoutQuery(whole))
		}
	case semconv.ErrorTypeKey:
		kv.Value = attribute.StringValue(errorWord(kv.Value.AsString()))
	case "http.request.method", semconv.HTTPResponseStatusCodeKey, semconv.ServerAddressKey, semconv.ServerPortKey,
		"network.protocol.name", "network.protocol.version", "url.scheme":
	default:
		return false
	}
	return true
}

// queryOrFragment are the characters that a query or a fragment of a URL begins with.
const queryOrFragment = "?#"

func withoutQuery(url string) string {
	if i := strings.IndexAny(url, queryOrFragment); i >= 0 {
		return url[:i]
	}
	return url
}
