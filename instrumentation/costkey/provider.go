package costkey

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"sync/atomic"

	"go.opentelemetry.io/otel"
	sdkresource "go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"

	"github.com/costkey/costkey-otel/semconv"
)

// tracerProvider samples every span of CostKey's scope whatever its parent, since a sampler would cut the bill. The
// spans of all other scopes are sampled as OTEL_TRACES_SAMPLER says. Both kinds share one queue.
type tracerProvider struct {
	embedded.TracerProvider
	calls, others *sdktrace.TracerProvider
	exporter      *exporter
	stopped       atomic.Bool
}

func newTracerProvider(exp *exporter, res *sdkresource.Resource) *tracerProvider {
	q := newQueue(exp)
	return &tracerProvider{
		exporter: exp,
		calls: sdktrace.NewTracerProvider(sdktrace.WithResource(res), sdktrace.WithSpanProcessor(q),
			sdktrace.WithSampler(sdktrace.AlwaysSample())),
		others: sdktrace.NewTracerProvider(sdktrace.WithResource(res), sdktrace.WithSpanProcessor(q)),
	}
}

// Tracer returns the tracer of a scope.
func (p *tracerProvider) Tracer(name string, opts ...trace.TracerOption) trace.Tracer {
	if name == semconv.ScopeInstrumentation {
		return p.calls.Tracer(name, opts...)
	}
	return p.others.Tracer(name, opts...)
}

// ForceFlush sends what waits, and fails where some of it did not arrive.
func (p *tracerProvider) ForceFlush(ctx context.Context) error {
	before := p.exporter.lost.Load()
	return errors.Join(p.calls.ForceFlush(ctx), p.exporter.undelivered(before))
}

// Shutdown sends what waits, without second tries, and stops. When ctx ends first, what is left is given up.
func (p *tracerProvider) Shutdown(ctx context.Context) error {
	if p.stopped.Swap(true) {
		return nil
	}
	e := p.exporter
	before := e.lost.Load()
	e.beginShutdown()
	err := errors.Join(p.calls.Shutdown(ctx), p.others.Shutdown(ctx))
	e.halt()
	if n := e.dropped.Load(); n > 0 {
		e.report.once(slog.LevelWarn, "dropped", "spans were dropped because the queue was full", "spans", n)
	}
	return errors.Join(err, e.undelivered(before))
}

// hasTracerProvider reports whether the program has registered a provider that is still at work.
func hasTracerProvider() bool {
	tp := otel.GetTracerProvider()
	if p, ours := tp.(*tracerProvider); ours {
		return !p.stopped.Load()
	}
	return !isInitial(tp)
}

// isInitial reports whether provider is the one that OpenTelemetry begins with. Its type is not exported.
func isInitial(provider any) bool {
	t := reflect.TypeOf(provider)
	return t != nil && t.Kind() == reflect.Pointer && t.Elem().PkgPath() == "go.opentelemetry.io/otel/internal/global"
}
