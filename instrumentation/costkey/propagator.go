package costkey

import (
	"context"

	"go.opentelemetry.io/otel/propagation"

	"github.com/costkey/costkey-otel/instrumentation/costkeyctx"
)

func newPropagator(withValues bool) propagation.TextMapPropagator {
	p := propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})
	if withValues {
		return valuesPropagator{p}
	}
	return p
}

// valuesPropagator carries tags, user and session inside the baggage.
type valuesPropagator struct {
	propagation.TextMapPropagator
}

func (p valuesPropagator) Inject(ctx context.Context, carrier propagation.TextMapCarrier) {
	p.TextMapPropagator.Inject(costkeyctx.ToBaggage(ctx), carrier)
}

func (p valuesPropagator) Extract(ctx context.Context, carrier propagation.TextMapCarrier) context.Context {
	return costkeyctx.FromBaggage(p.TextMapPropagator.Extract(ctx, carrier))
}
