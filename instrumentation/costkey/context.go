package costkey

import (
	"context"

	"go.opentelemetry.io/otel/attribute"

	"github.com/costkey/costkey-otel/instrumentation/costkeyctx"
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
)

// WithTags adds tags to the calls made with the context, as [costkeyctx.WithTags] does. They stay inside the process
// unless [WithBaggage] says otherwise.
func WithTags(ctx context.Context, tags ...attribute.KeyValue) context.Context {
	return costkeyctx.WithTags(ctx, tags...)
}

// WithUser sets the user that the calls made with the context are for: an id, not a name or an address.
func WithUser(ctx context.Context, id string) context.Context {
	return costkeyctx.WithUser(ctx, id)
}

// WithSession sets the session that the calls made with the context belong to.
func WithSession(ctx context.Context, id string) context.Context {
	return costkeyctx.WithSession(ctx, id)
}

// WithTask sets the tag "task": what the calls made with the context are for.
func WithTask(ctx context.Context, task string) context.Context {
	return costkeyctx.WithTask(ctx, task)
}

// WithTrace names the trace that the calls made with the context belong to, as CostKey's SDKs do it: id is the text it was
// begun with ("order-4711"), name what it is called. They become the tags "traceId" and "traceName", and go to hosts named by
// [costkeyhttp.WithPropagateTo]. Empty ones are not set.
func WithTrace(ctx context.Context, id, name string) context.Context {
	return costkeyctx.WithTrace(ctx, id, name)
}

// Go runs fn in a goroutine whose calls show the path of Go's caller in front of their own. A plain go statement loses
// it, since the new goroutine has a stack of its own. The context is ctx with that path: it ends as ctx ends.
func Go(ctx context.Context, fn func(context.Context)) {
	ctx = costkeyhttp.ContextWithCallSite(ctx)
	go fn(ctx)
}
