package costkeyhttp

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/semconv/v1.41.0/genaiconv"

	"github.com/costkey/costkey-otel/semconv"
	"github.com/costkey/costkey-otel/usage"
)

// The GenAI client metrics of the semantic conventions 1.41. Later conventions rename them: this file is the one place.
// What they say of buckets is not in genaiconv.
var (
	secondsBuckets = metric.WithExplicitBucketBoundaries(
		0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
	tokensBuckets = metric.WithExplicitBucketBoundaries(
		1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)

	tokenTypeKey = attribute.Key("gen_ai.token.type")
)

// instruments are the metrics of one transport. Nil instruments record nothing.
type instruments struct {
	duration   genaiconv.ClientOperationDuration
	firstChunk genaiconv.ClientOperationTimeToFirstChunk
	perChunk   genaiconv.ClientOperationTimePerOutputChunk
	tokens     genaiconv.ClientTokenUsage

	unknownHost metric.Int64Counter
}

// newInstruments makes the instruments. A meter that can't is reported to OpenTelemetry's error handler, and nothing is
// recorded then.
func newInstruments(meters metric.MeterProvider) *instruments {
	if meters == nil {
		meters = otel.GetMeterProvider()
	}
	m := meters.Meter(semconv.ScopeInstrumentation, metric.WithSchemaURL(semconv.SchemaURL))
	var (
		i    instruments
		errs [5]error
	)
	i.duration, errs[0] = genaiconv.NewClientOperationDuration(m, secondsBuckets)
	i.firstChunk, errs[1] = genaiconv.NewClientOperationTimeToFirstChunk(m, secondsBuckets)
	i.perChunk, errs[2] = genaiconv.NewClientOperationTimePerOutputChunk(m, secondsBuckets)
	i.tokens, errs[3] = genaiconv.NewClientTokenUsage(m, tokensBuckets)
	i.unknownHost, errs[4] = m.Int64Counter("costkey.client.unknown_host", metric.WithUnit("{request}"),
		metric.WithDescription("Requests left out that look like AI calls, at hosts of no known provider."))
	if err := errors.Join(errs[:]...); err != nil {
		otel.Handle(err)
		return nil
	}
	return &i
}

// enabled reports whether anybody takes the metrics.
func (m *instruments) enabled(ctx context.Context) bool {
	return m != nil && m.duration.Enabled(ctx)
}

func (m *instruments) record(ctx context.Context, r *result) {
	if !m.enabled(ctx) {
		return
	}
	attrs := metricAttributes(r.call, r.model, r.answer.Model)
	if r.streamed && r.call.ttft > 0 {
		m.firstChunk.RecordSet(ctx, r.call.ttft.Seconds(), attribute.NewSet(attrs...))
	}
	m.recordTokens(ctx, r.answer.Usage.Input, genaiconv.TokenTypeInput, attrs)
	m.recordTokens(ctx, r.answer.Usage.Output, genaiconv.TokenTypeOutput, attrs)
	attrs = appendText(attrs, semconv.ErrorTypeKey, r.errorType)
	m.duration.RecordSet(ctx, r.duration.Seconds(), attribute.NewSet(attrs...))
}

func (m *instruments) recordTokens(ctx context.Context, n usage.Count, kind genaiconv.TokenTypeAttr, attrs []attribute.KeyValue) {
	if n.IsKnown() {
		all := append(attrs[:len(attrs):len(attrs)], tokenTypeKey.String(string(kind)))
		m.tokens.RecordSet(ctx, n.Value(), attribute.NewSet(all...))
	}
}

// chunkTimer records how long each event of a stream took that came behind the first content.
type chunkTimer struct {
	with   []metric.RecordOption
	last   time.Duration // when the last event came, from the call's start
	events int           // how many had come by then
}

// chunkTimer returns a timer that begins with the event that held the first content, or nil where nobody takes the times.
func (m *instruments) chunkTimer(c *call) *chunkTimer {
	if !c.head.stream || !m.enabled(c.ctx) || !m.perChunk.Enabled(c.ctx) {
		return nil
	}
	model := c.Model
	if model == "" {
		model = c.request.Request().Model
	}
	attrs := metricAttributes(c, model, c.answer.Answer().Model)
	return &chunkTimer{with: []metric.RecordOption{metric.WithAttributes(attrs...)}, last: c.ttft, events: c.answer.Events()}
}

// passed records the events that have come since. Of those that came in one piece only the first took time of its own.
func (t *chunkTimer) passed(c *call) {
	events := c.answer.Events()
	if events == t.events {
		return
	}
	now := time.Since(c.start)
	for ; t.events < events; t.events++ {
		c.transport.metrics.perChunk.Inst().Record(c.ctx, (now - t.last).Seconds(), t.with...)
		t.last = now
	}
}

func metricAttributes(c *call, requested, answered string) []attribute.KeyValue {
	attrs := make([]attribute.KeyValue, 0, 8)
	attrs = append(attrs,
		semconv.GenAIOperationNameKey.String(c.Operation),
		semconv.GenAIProviderNameKey.String(c.provider),
		semconv.ServerAddressKey.String(c.host))
	if c.port > 0 {
		attrs = append(attrs, semconv.ServerPortKey.Int(c.port))
	}
	attrs = appendText(attrs, semconv.GenAIRequestModelKey, requested)
	return appendText(attrs, semconv.GenAIResponseModelKey, answered)
}
