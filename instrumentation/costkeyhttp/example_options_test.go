package costkeyhttp_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
	"github.com/costkey/costkey-otel/semconv"
)

// shown sends one chat request through a transport with opts to a stand-in for a provider, and prints the attributes of its
// span whose keys begin with prefix.
func shown(prefix string, opts ...costkeyhttp.Option) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"c-1","choices":[{"message":{"role":"assistant","content":"Hello, Ann."},"finish_reason":"stop"}],
			"usage":{"prompt_tokens":9,"completion_tokens":3}}`)
	}))
	defer api.Close()
	exporter := tracetest.NewInMemoryExporter()
	opts = append(opts,
		costkeyhttp.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter))),
		costkeyhttp.WithProvider(strings.TrimPrefix(api.URL, "http://"), "openai"))
	transport := costkeyhttp.NewTransport(nil, opts...)
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Post(api.URL+"/v1/chat/completions", "application/json",
		strings.NewReader(`{"model":"gpt-4o","messages":[{"role":"user","content":"Say hello to Ann, key sk-proj-0123456789abcdefABCDEF."}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	for _, span := range exporter.GetSpans() {
		for _, kv := range span.Attributes {
			if span.InstrumentationScope.Name == semconv.ScopeInstrumentation && strings.HasPrefix(string(kv.Key), prefix) {
				fmt.Println(kv.Key, kv.Value.String())
			}
		}
	}
}

// What was said goes into the span only where it is asked for, with secrets scrubbed.
func ExampleWithCaptureBody() {
	shown("gen_ai.input", costkeyhttp.WithCaptureBody(true), costkeyhttp.WithBodyLimit(8<<10))
	// Output:
	// gen_ai.input.messages [{"role":"user","parts":[{"type":"text","content":"Say hello to Ann, key [secret]."}]}]
}

// A function may change what was said, or take it out, before it goes into the span.
func ExampleWithBeforeExport() {
	shown("gen_ai.", costkeyhttp.WithCaptureBody(true), costkeyhttp.WithBeforeExport(func(c *costkeyhttp.Content) {
		c.InputMessages = strings.ReplaceAll(c.InputMessages, "Ann", "[name]")
		c.OutputMessages = "" // not exported
	}))
	// Output:
	// gen_ai.operation.name chat
	// gen_ai.provider.name openai
	// gen_ai.request.model gpt-4o
	// gen_ai.response.id c-1
	// gen_ai.response.finish_reasons ["stop"]
	// gen_ai.usage.input_tokens 9
	// gen_ai.usage.output_tokens 3
	// gen_ai.input.messages [{"role":"user","parts":[{"type":"text","content":"Say hello to [name], key [secret]."}]}]
}

// A team's own wrapper around an SDK is passed over: the cost goes to those who call it.
func ExampleWithSkipPackages() {
	_ = costkeyhttp.NewTransport(nil,
		costkeyhttp.WithSkipPackages("github.com/acme/shop/internal/llm"),
		costkeyhttp.WithOwnModules("github.com/acme/"), // modules of one's own that come from the module cache
		costkeyhttp.WithCallPathDepth(8),
	)
}

// OpenAI's streams tell their usage only where the request asks for it.
func ExampleWithStreamUsage() {
	_ = costkeyhttp.NewTransport(nil, costkeyhttp.WithStreamUsage(true))
}

// Requests to a service of one's own carry the trace; NewHandler takes it up there. No provider gets a header.
func ExampleWithPropagateTo() {
	pricing := httptest.NewServer(costkeyhttp.NewHandler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println("pricing is in trace", trace.SpanContextFromContext(r.Context()).TraceID())
	})))
	defer pricing.Close()
	transport := costkeyhttp.NewTransport(nil, costkeyhttp.WithPropagateTo(strings.TrimPrefix(pricing.URL, "http://")))
	defer transport.CloseIdleConnections()

	// In a real program the context of a request that is being served, which otelhttp's handler began a span for.
	ctx := trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1, 2, 3}, SpanID: trace.SpanID{4}, TraceFlags: trace.FlagsSampled,
	}))
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, pricing.URL+"/price", http.NoBody)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = resp.Body.Close()
	// Output:
	// pricing is in trace 01020300000000000000000000000000
}

// A goroutine has a stack of its own: the context keeps the path to where it was started.
func ExampleContextWithCallSite() {
	ctx := costkeyhttp.ContextWithCallSite(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = ctx // calls made with ctx show the path of ExampleContextWithCallSite in front of their own
	}()
	<-done
}
