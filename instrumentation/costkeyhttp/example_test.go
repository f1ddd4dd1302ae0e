package costkeyhttp_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
	"github.com/costkey/costkey-otel/semconv"
)

// A client of any SDK that takes an *http.Client is observed by giving it one with our transport.
func ExampleNewTransport() {
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"chatcmpl-1","model":"gpt-4o-2024-08-06",
			"choices":[{"index":0,"message":{"role":"assistant","content":"Hello."},"finish_reason":"stop"}],
			"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}}`)
	}))
	defer provider.Close()

	// In a real program: the tracer provider of your own set-up, or the global one by leaving the option out.
	exporter := tracetest.NewInMemoryExporter()
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter))

	client := openai.NewClient(
		option.WithAPIKey("a key"),
		option.WithBaseURL(provider.URL+"/v1"),
		option.WithHTTPClient(&http.Client{Transport: costkeyhttp.NewTransport(nil,
			costkeyhttp.WithTracerProvider(tracers),
			costkeyhttp.WithProvider(strings.TrimPrefix(provider.URL, "http://"), "openai"), // a host of one's own
		)}),
	)
	_, err := client.Chat.Completions.New(context.Background(), openai.ChatCompletionNewParams{
		Model:    "gpt-4o",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Say hello.")},
	})
	if err != nil {
		fmt.Println(err)
	}
	http.DefaultClient.CloseIdleConnections()

	for _, span := range exporter.GetSpans() {
		if span.InstrumentationScope.Name != semconv.ScopeInstrumentation {
			continue
		}
		fmt.Println(span.Name)
		for _, kv := range span.Attributes {
			switch kv.Key {
			case semconv.GenAIUsageInputTokensKey, semconv.GenAIUsageOutputTokensKey, semconv.CodeFilePathKey:
				fmt.Println(kv.Key, kv.Value.String())
			}
		}
	}
	// Output:
	// chat gpt-4o
	// code.file.path instrumentation/costkeyhttp/example_test.go
	// gen_ai.usage.input_tokens 9
	// gen_ai.usage.output_tokens 3
}
