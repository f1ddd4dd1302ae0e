package costkeyhttp

import (
	"context"
	"crypto/sha256"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/costkey/costkey-otel/instrumentation/costkeyctx"
)

// NewHandler returns a handler that lets the spans of a request join the trace of its caller: by W3C trace context, else
// by the trace header of CostKey's SDKs for JavaScript and Python. It puts the caller's trace into the request's context
// and starts no span, so it stands in front of a middleware that does:
//
//	http.ListenAndServe(addr, costkeyhttp.NewHandler(otelhttp.NewHandler(mux, "shop")))
//
// A trace id that is no W3C one, "order-4711", is hashed, as CostKey's receiver does it, and kept as the tag "traceId";
// the trace's name is the tag "traceName". A request whose context has a trace already keeps it. Whoever sends the request
// decides what the headers say: use it behind a boundary that takes them off requests from the outside.
func NewHandler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(joined(r)))
	})
}

// joined returns r's context with the caller's trace in it.
func joined(r *http.Request) context.Context {
	id, name := r.Header.Get(TraceIDHeader), r.Header.Get(TraceNameHeader)
	text := id
	if _, w3cID := w3cTraceID(id); w3cID {
		text = "" // it is the trace's own id, and no tag
	}
	ctx := costkeyctx.WithTrace(r.Context(), text, name)
	if trace.SpanContextFromContext(ctx).IsValid() {
		return ctx
	}
	ctx = w3c.Extract(ctx, propagation.HeaderCarrier(r.Header))
	if trace.SpanContextFromContext(ctx).IsValid() || id == "" || len(id) > costkeyctx.MaxValueBytes {
		return ctx
	}
	return trace.ContextWithRemoteSpanContext(ctx, remoteParent(id))
}

// remoteParent returns the span that stands for the caller's, of which CostKey's header says only the trace.
func remoteParent(text string) trace.SpanContext {
	traceID, w3cID := w3cTraceID(text)
	if !w3cID {
		sum := sha256.Sum256([]byte("costkey-trace:" + text))
		traceID = trace.TraceID(sum[:16])
	}
	sum := sha256.Sum256([]byte("costkey-parent:" + text))
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: traceID, SpanID: trace.SpanID(sum[:8]), TraceFlags: trace.FlagsSampled, Remote: true,
	})
}

// w3cTraceID reads a trace id of 32 hex digits, in any case.
func w3cTraceID(text string) (id trace.TraceID, ok bool) {
	id, err := trace.TraceIDFromHex(strings.ToLower(text))
	return id, err == nil
}
