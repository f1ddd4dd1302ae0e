package costkeyhttp_test

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
)

// keeper is a tracer provider whose spans keep the slices they are given rather than copies.
type keeper struct {
	noop.TracerProvider
	kept, copies [][]attribute.KeyValue
}

func (k *keeper) keep(attrs []attribute.KeyValue) {
	k.kept, k.copies = append(k.kept, attrs), append(k.copies, slices.Clone(attrs))
}

func (k *keeper) Tracer(string, ...trace.TracerOption) trace.Tracer { return keepingTracer{k: k} }

type keepingTracer struct {
	noop.Tracer
	k *keeper
}

func (t keepingTracer) Start(ctx context.Context, _ string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	c := trace.NewSpanStartConfig(opts...)
	t.k.keep(c.Attributes())
	s := keepingSpan{k: t.k}
	return trace.ContextWithSpan(ctx, s), s
}

type keepingSpan struct {
	noop.Span
	k *keeper
}

func (keepingSpan) IsRecording() bool                           { return true }
func (s keepingSpan) SetAttributes(attrs ...attribute.KeyValue) { s.k.keep(attrs) }

func TestASpanThatKeepsItsAttributesNeverSeesThoseOfAnotherCall(t *testing.T) {
	t.Parallel()
	k := new(keeper)
	answer, contentType := answerOf(t, "openai-chat")
	rt := costkeyhttp.NewTransport(base(func(r *http.Request) (*http.Response, error) {
		return memory(contentType, answer)(r)
	}), costkeyhttp.WithTracerProvider(k))
	for _, model := range []string{"gpt-4o", "gpt-4o-mini", "o3", "gpt-4.1"} {
		drain(t, rt, post(t, openAIURL+"/chat/completions", `{"model":"`+model+`","messages":[]}`))
	}
	if len(k.kept) < 8 {
		t.Fatalf("%d slices were handed on", len(k.kept))
	}
	for i, attrs := range k.kept {
		if !slices.Equal(attrs, k.copies[i]) {
			t.Errorf("%v became %v", k.copies[i], attrs)
		}
	}
}
