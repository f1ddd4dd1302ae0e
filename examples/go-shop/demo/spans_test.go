package demo_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/costkey/costkey-otel/examples/go-shop/demo"
	"github.com/costkey/costkey-otel/examples/go-shop/provider"
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
	"github.com/costkey/costkey-otel/semconv"
)

const (
	module = "github.com/costkey/costkey-otel/examples/go-shop/"
	files  = "examples/go-shop/"
	// anthropicScope is where anthropic-sdk-go's own spans come from.
	anthropicScope = "com.anthropic.sdk.go"
)

// span is an ended span with its attributes by key.
type span struct {
	tracetest.SpanStub
	attrs map[attribute.Key]attribute.Value
}

func (s span) text(k attribute.Key) string  { return s.attrs[k].AsString() }
func (s span) number(k attribute.Key) int64 { return s.attrs[k].AsInt64() }

func (s span) tokens() provider.Tokens {
	return provider.Tokens{
		Input:        s.number(semconv.GenAIUsageInputTokensKey),
		CacheRead:    s.number(semconv.GenAIUsageCacheReadInputTokensKey),
		CacheWrite5m: s.number(semconv.UsageCacheWrite5mKey),
		CacheWrite1h: s.number(semconv.UsageCacheWrite1hKey),
		Output:       s.number(semconv.GenAIUsageOutputTokensKey),
		Reasoning:    s.number(semconv.GenAIUsageReasoningOutputTokensKey),
	}
}

// observed is an afternoon with its spans.
type observed struct {
	log   []provider.Call
	spans []span
}

// of returns the spans of a scope.
func (o observed) of(scope string) []span {
	var found []span
	for _, s := range o.spans {
		if s.InstrumentationScope.Name == scope {
			found = append(found, s)
		}
	}
	return found
}

func (o observed) calls() []span { return o.of(semconv.ScopeInstrumentation) }

// observe plays an afternoon as an application has it: a global tracer provider, the transport, and nothing else.
func observe(t *testing.T) observed {
	t.Helper()
	exporter := tracetest.NewInMemoryExporter()
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter))
	otel.SetTracerProvider(tracers) // anthropic-sdk-go takes it from there
	s := play(t, demo.Options{Transport: measured, Server: []otelhttp.Option{otelhttp.WithTracerProvider(tracers)}})
	require.NoError(t, tracers.ForceFlush(t.Context()))
	o := observed{log: s.Log()}
	for _, stub := range exporter.GetSpans() {
		sp := span{SpanStub: stub, attrs: make(map[attribute.Key]attribute.Value, len(stub.Attributes))}
		for _, kv := range stub.Attributes {
			sp.attrs[kv.Key] = kv.Value
		}
		o.spans = append(o.spans, sp)
	}
	require.NoError(t, tracers.Shutdown(t.Context()))
	return o
}

func measured(base http.RoundTripper, hosts []demo.Host, own string) http.RoundTripper {
	opts := []costkeyhttp.Option{costkeyhttp.WithPropagateTo(own)}
	for _, h := range hosts {
		opts = append(opts, costkeyhttp.WithProvider(h.Address, h.Provider))
	}
	return costkeyhttp.NewTransport(base, opts...)
}

// TestSpans is not parallel: it sets the global tracer provider.
func TestSpans(t *testing.T) {
	o := observe(t)
	t.Run("every call that was served is one span", func(t *testing.T) { everyCallOnce(t, o) })
	t.Run("every span has the tokens that were served", func(t *testing.T) { tokensAreTheProviders(t, o) })
	t.Run("every span names the function that made the call", func(t *testing.T) { functions(t, o) })
	t.Run("one request of a shopper is one trace", func(t *testing.T) { oneTracePerVisit(t, o) })
	t.Run("the trace goes on in the other service", func(t *testing.T) { oneTraceOverTwoServices(t, o) })
	t.Run("the call path leads from the handler to the call", func(t *testing.T) { callPaths(t, o) })
	t.Run("the shopper, the session and the tags are on every span", func(t *testing.T) { shoppers(t, o) })
	t.Run("retries, refusals and the stream that was left", func(t *testing.T) { failures(t, o) })
	t.Run("the spans of anthropic-sdk-go lie around ours", func(t *testing.T) { anthropicAround(t, o) })
}

// key tells a call's span from every other one, as provider.Call.Key does.
func (s span) key() string {
	if id := s.text(semconv.RequestIDKey); id != "" {
		return id
	}
	return s.text(semconv.GenAIResponseIDKey)
}

func everyCallOnce(t *testing.T, o observed) {
	spans := make(map[string]int)
	for _, s := range o.calls() {
		spans[s.key()]++
		assert.Equal(t, trace.SpanKindClient, s.SpanKind)
	}
	for _, c := range o.log {
		assert.Equal(t, 1, spans[c.Key()], "spans of %s", c.Model)
	}
	assert.Len(t, o.calls(), len(o.log))
}

func tokensAreTheProviders(t *testing.T, o observed) {
	log := make(map[string]provider.Call)
	for _, c := range o.log {
		log[c.Key()] = c
	}
	var sum provider.Tokens
	for _, s := range o.calls() {
		sum = sum.Add(s.tokens())
		c, ok := log[s.key()]
		if !assert.True(t, ok, "nobody served %s", s.Name) {
			continue
		}
		assert.Equal(t, c.Tokens, s.tokens(), c.Model)
		assert.Equal(t, c.ID, s.text(semconv.GenAIResponseIDKey), c.Model)
		assert.Equal(t, c.Model, s.text(semconv.GenAIRequestModelKey))
		assert.Equal(t, c.Served, s.text(semconv.GenAIResponseModelKey))
		assert.EqualValues(t, c.Status, s.number(semconv.HTTPResponseStatusCodeKey))
		assert.Equal(t, c.Stream, s.attrs[semconv.GenAIRequestStreamKey].AsBool(), c.Model)
		_, timed := s.attrs[semconv.GenAIResponseTimeToFirstChunkKey]
		assert.Equal(t, c.Stream, timed, "time to the first chunk of %s", c.Model)
	}
	assert.Equal(t, afternoon.Tokens, sum)
}

func functions(t *testing.T, o observed) {
	got := make(map[string]int)
	for _, s := range o.calls() {
		name := strings.TrimPrefix(s.text(semconv.CodeFunctionNameKey), module)
		got[name+" in "+s.text(semconv.CodeFilePathKey)]++
		assert.Positive(t, s.number(semconv.CodeLineNumberKey), name)
	}
	assert.Equal(t, map[string]int{
		"shop/search.(*Finder).embed in " + files + "shop/search/search.go":         2,
		"shop/search.(*Finder).rank in " + files + "shop/search/search.go":          4,
		"shop/search.(*Finder).Complete in " + files + "shop/search/search.go":      2,
		"shop/product.(*Writer).Describe in " + files + "shop/product/product.go":   2,
		"shop/product.(*Writer).Recommend in " + files + "shop/product/product.go":  2,
		"shop/product.(*Writer).RewriteAll in " + files + "shop/product/product.go": 1,
		"shop/reviews.(*Reader).shorten in " + files + "shop/reviews/reviews.go":    6,
		"shop/reviews.(*Reader).verdict in " + files + "shop/reviews/reviews.go":    2,
		"shop/support.(*Desk).classify in " + files + "shop/support/support.go":     3,
		"shop/support.(*Desk).answer in " + files + "shop/support/support.go":       2,
	}, got)
}

func oneTracePerVisit(t *testing.T, o observed) {
	routes := make(map[trace.TraceID]string)
	for _, s := range o.spans {
		if s.SpanKind == trace.SpanKindServer && !s.Parent.IsRemote() {
			assert.NotContains(t, routes, s.SpanContext.TraceID(), "two requests in one trace")
			routes[s.SpanContext.TraceID()] = s.text("url.path")
		}
	}
	got := make(map[string]int)
	for _, s := range o.calls() {
		got[routes[s.SpanContext.TraceID()]]++
		assert.True(t, s.Parent.IsValid(), "a call outside the request that it was made for")
	}
	assert.Len(t, routes, 9)
	assert.Equal(t, map[string]int{
		"/search": 6, "/products/kettle": 6, "/products/teapot": 6, "/suggest": 2, "/support": 5, "/catalogue/rewrite": 1,
	}, got)
}

func oneTraceOverTwoServices(t *testing.T, o observed) {
	desk := make(map[trace.SpanID]span)
	shops := make(map[trace.SpanID]span)
	for _, s := range o.spans {
		switch {
		case s.SpanKind != trace.SpanKindServer:
		case s.text("url.path") == "/questions":
			desk[s.SpanContext.SpanID()] = s
		default:
			shops[s.SpanContext.SpanID()] = s
		}
	}
	assert.Len(t, desk, 2)
	for _, s := range desk {
		above, ok := shops[s.Parent.SpanID()]
		assert.True(t, ok && s.Parent.IsRemote(), "the desk's request is not below the shop's")
		assert.Equal(t, "/support", above.text("url.path"))
		assert.Equal(t, above.SpanContext.TraceID(), s.SpanContext.TraceID())
	}
	below := 0
	for _, s := range o.calls() {
		if _, ok := desk[s.Parent.SpanID()]; ok {
			below++
			assert.Contains(t, s.text(semconv.CodeFunctionNameKey), "shop/support.(*Desk)")
		}
	}
	assert.Equal(t, 5, below, "calls that the desk made")
}

func callPaths(t *testing.T, o observed) {
	want := map[string][]string{
		"shop/search.(*Finder).rank":       {"shop.(*Shop).search", "shop/search.(*Finder).Find", "shop/search.(*Finder).rank"},
		"shop/product.(*Writer).Recommend": {"shop.(*Shop).product", "shop.(*Shop).page", "shop/product.(*Writer).Recommend"},
		"shop/reviews.(*Reader).verdict":   {"shop.(*Shop).page", "shop/reviews.(*Reader).Summarise", "shop/reviews.(*Reader).verdict"},
		"shop/support.(*Desk).classify":    {"shop/support.(*Desk).serve", "shop/support.(*Desk).Reply", "shop/support.(*Desk).classify"},
		"shop/reviews.(*Reader).shorten":   {"shop/reviews.(*Reader).Summarise", "shop/reviews.(*Reader).shorten"},
	}
	seen := make(map[string]bool)
	for _, s := range o.calls() {
		name := strings.TrimPrefix(s.text(semconv.CodeFunctionNameKey), module)
		path := s.attrs[semconv.CallPathKey].AsStringSlice()
		assert.NotEmpty(t, path, name)
		for _, frame := range path {
			assert.Contains(t, frame, "("+files, "a file relative to its module")
		}
		if len(want[name]) == 0 {
			continue
		}
		seen[name] = true
		require.GreaterOrEqual(t, len(path), len(want[name]), "%v", path)
		for i, frame := range path[len(path)-len(want[name]):] {
			assert.True(t, strings.HasPrefix(strings.TrimPrefix(frame, module), want[name][i]+" ("), "%s in %v", frame, path)
		}
	}
	assert.Len(t, seen, len(want))
}

func shoppers(t *testing.T, o observed) {
	for _, s := range o.calls() {
		assert.NotEmpty(t, s.text(semconv.UserIDKey))
		assert.NotEmpty(t, s.text(semconv.SessionIDKey))
		assert.NotEmpty(t, s.text(semconv.TagPrefix+"page"))
	}
}

func failures(t *testing.T, o observed) {
	var errors []string
	for _, s := range o.calls() {
		kind, failed := s.attrs[semconv.ErrorTypeKey]
		if failed {
			errors = append(errors, kind.AsString())
		}
		if s.text(semconv.UsageMissingKey) == semconv.UsageMissingInterrupted {
			assert.Zero(t, s.tokens(), "a stream that was left before its usage has none")
		}
		assert.Empty(t, s.Events, "no event on a call's span")
		assert.Empty(t, s.Status.Description)
	}
	slices.Sort(errors)
	// The SDK doesn't read the answer that it retries, so there the status is all that is known.
	assert.Equal(t, []string{"429", "context_canceled", "invalid_value"}, errors)
}

func anthropicAround(t *testing.T, o observed) {
	outer := make(map[trace.SpanID]span)
	for _, s := range o.of(anthropicScope) {
		outer[s.SpanContext.SpanID()] = s
	}
	assert.Len(t, outer, 8, "the SDK makes a span of its own for each of its calls")
	inside := 0
	for _, s := range o.calls() {
		around, ok := outer[s.Parent.SpanID()]
		if !ok {
			continue
		}
		inside++
		assert.Equal(t, around.text(semconv.GenAIResponseIDKey), s.text(semconv.GenAIResponseIDKey))
		assert.NotEmpty(t, s.text(semconv.CodeFunctionNameKey), "ours has the code location")
	}
	assert.Equal(t, 8, inside)
}

// TestProvidersSeeTheSameRequests compares the headers that arrive with and without the transport.
func TestProvidersSeeTheSameRequests(t *testing.T) {
	headers := func(log []provider.Call) map[string]bool {
		seen := make(map[string]bool)
		for _, c := range log {
			seen[string(c.API)+" "+c.Model+": "+strings.Join(c.HeaderNames, " ")] = true
		}
		return seen
	}
	bare := play(t, demo.Options{Transport: plain})
	assert.Equal(t, headers(bare.Log()), headers(observe(t).log))
}
