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

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
	"github.com/costkey/costkey-otel/semconv"
	"github.com/costkey/costkey-otel/usage"
)

// acme reads the calls to an API of one's own, which answers
//
//	{"job":"j-1","engine":"acme-2","texts":["Hello."],"ended":"complete","spent":{"prompt":9,"cached":4,"reply":3}}
type acme struct{}

// Match knows the calls by their path.
func (acme) Match(path string) (costkeyhttp.Match, bool) {
	return costkeyhttp.Match{Operation: "text_completion"}, strings.HasSuffix(path, "/complete")
}

// RequestFields finds the model, which the request calls an engine.
func (acme) RequestFields() []costkeyhttp.RequestField {
	return []costkeyhttp.RequestField{{Path: "engine", Read: costkeyhttp.Request.SetModel}}
}

// AnswerFields says where in an answer stands what.
func (acme) AnswerFields() []costkeyhttp.AnswerField {
	return []costkeyhttp.AnswerField{
		{Path: "job", Read: costkeyhttp.Answer.SetID},
		{Path: "engine", Read: costkeyhttp.Answer.SetModel},
		{Path: "ended", Read: costkeyhttp.Answer.AddFinishReason},
		costkeyhttp.GeneratedText("texts.*"),
		costkeyhttp.UsageObject("spent"),
		{Path: "spent.prompt", Read: costkeyhttp.Answer.SetInputTokens},
		{Path: "spent.cached", Read: costkeyhttp.Answer.SetCacheReadTokens},
		{Path: "spent.reply", Read: costkeyhttp.Answer.SetOutputTokens},
	}
}

// Account puts the cached tokens into the input, which this API leaves out of it.
func (acme) Account(counts *usage.Usage) { counts.Input = counts.Input.Add(counts.CacheRead) }

// An Extractor teaches the transport an API that it does not know.
func ExampleWithExtractor() {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"job":"j-1","engine":"acme-2","texts":["Hello."],"ended":"complete",
			"spent":{"prompt":9,"cached":4,"reply":3}}`)
	}))
	defer api.Close()

	exporter := tracetest.NewInMemoryExporter()
	client := &http.Client{Transport: costkeyhttp.NewTransport(nil,
		costkeyhttp.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter))),
		costkeyhttp.WithExtractor(strings.TrimPrefix(api.URL, "http://"), "acme", acme{}),
	)}
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, api.URL+"/v3/complete", strings.NewReader(`{"engine":"acme"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := client.Do(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	client.CloseIdleConnections()

	for _, span := range exporter.GetSpans() {
		if span.InstrumentationScope.Name != semconv.ScopeInstrumentation {
			continue
		}
		fmt.Println(span.Name)
		for _, kv := range span.Attributes {
			if strings.HasPrefix(string(kv.Key), "gen_ai.response.") || strings.HasPrefix(string(kv.Key), "gen_ai.usage.") {
				fmt.Println(kv.Key, kv.Value.String())
			}
		}
	}
	// Output:
	// text_completion acme
	// gen_ai.response.id j-1
	// gen_ai.response.model acme-2
	// gen_ai.response.finish_reasons ["complete"]
	// gen_ai.usage.input_tokens 13
	// gen_ai.usage.output_tokens 3
	// gen_ai.usage.cache_read.input_tokens 4
}
