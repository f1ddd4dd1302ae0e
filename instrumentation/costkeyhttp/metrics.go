package costkeyhttp

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/costkey/costkey-otel/semconv"
	"github.com/costkey/costkey-otel/usage"
)

// The GenAI client metrics of the semantic conventions 1.41. Later conventions rename them: this file is the one place.
const (
	durationName   = "gen_ai.client.operation.duration"
	tokensName     = "gen_ai.client.token.usage"
	firstChunkName = "gen_ai.client.operation.time_to_first_chunk"

	tokenTypeKey = attribute.Key("gen_ai.token.type")
)

var (
	secondsBuckets = []float64{0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92}
	tokensBuckets  = []float64{
		1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864,
	}
)

// instruments are the metrics of one transport. Nil instruments record nothing.
type instruments struct {
	duration   metric.Float64Histogram
	firstChunk metric.Float64Histogram
	tokens     metric.Int64Histogram
}

// newInstruments makes the instruments. A meter that can't is reported to OpenTelemetry's error handler, and nothing is
// recorded then.
func newInstruments(meters metric.MeterProvider) *instruments {
	if meters == nil {
		meters = otel.GetMeterProvider()
	}
	m := meters.Meter(semconv.ScopeInstrumentation, metric.WithSchemaURL(semconv.SchemaURL))
	duration, err := m.Float64Histogram(durationName, metric.WithUnit("s"),
		metric.WithDescription("GenAI operation duration."), metric.WithExplicitBucketBoundaries(secondsBuckets...))
	if err != nil {
		otel.Handle(err)
		return nil
	}
	firstChunk, err := m.Float64Histogram(firstChunkName, metric.WithUnit("s"),
		metric.WithDescription("Time to the first content of a streamed answer."),
		metric.WithExplicitBucketBoundaries(secondsBuckets...))
	if err != nil {
		otel.Handle(err)
		return nil
	}
	tokens, err := m.Int64Histogram(tokensName, metric.WithUnit("{token}"),
		metric.WithDescription("Number of input and output tokens used."),
		metric.WithExplicitBucketBoundaries(tokensBuckets...))
	if err != nil {
		otel.Handle(err)
		return nil
	}
	return &instruments{duration: duration, firstChunk: firstChunk, tokens: tokens}
}

// enabled reports whether anybody takes the metrics.
func (m *instruments) enabled(ctx context.Context) bool {
	return m != nil && m.duration.Enabled(ctx)
}

func (m *instruments) record(ctx context.Context, r *result) {
	if !m.enabled(ctx) {
		return
	}
	attrs := metricAttributes(r)
	set := metric.WithAttributeSet(attribute.NewSet(attrs...))
	if r.streamed && r.call.ttft > 0 {
		m.firstChunk.Record(ctx, r.call.ttft.Seconds(), set)
	}
	m.recordTokens(ctx, r.answer.Usage.Input, "input", attrs)
	m.recordTokens(ctx, r.answer.Usage.Output, "output", attrs)
	if r.errorType != "" {
		set = metric.WithAttributeSet(attribute.NewSet(append(attrs, semconv.ErrorTypeKey.String(r.errorType))...))
	}
	m.duration.Record(ctx, r.duration.Seconds(), set)
}

func (m *instruments) recordTokens(ctx context.Context, n usage.Count, kind string, attrs []attribute.KeyValue) {
	if n.IsKnown() {
		all := append(attrs[:len(attrs):len(attrs)], tokenTypeKey.String(kind))
		m.tokens.Record(ctx, n.Value(), metric.WithAttributeSet(attribute.NewSet(all...)))
	}
}

func metricAttributes(r *result) []attribute.KeyValue {
	c := r.call
	attrs := make([]attribute.KeyValue, 0, 8)
	attrs = append(attrs,
		semconv.GenAIOperationNameKey.String(c.format.Operation),
		semconv.GenAIProviderNameKey.String(c.provider),
		semconv.ServerAddressKey.String(c.host))
	if c.port > 0 {
		attrs = append(attrs, semconv.ServerPortKey.Int(c.port))
	}
	attrs = appendText(attrs, semconv.GenAIRequestModelKey, r.model)
	return appendText(attrs, semconv.GenAIResponseModelKey, r.answer.Model)
}
