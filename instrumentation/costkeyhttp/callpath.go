package costkeyhttp

import (
	"context"
	"sync"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/callsite"
)

// callPaths captures for [ContextWithCallSite]. The transport that reads the path decides again which frames are own.
var callPaths = sync.OnceValue(func() *callsite.Resolver { return callsite.New(callsite.Options{}) })

// ContextWithCallSite returns a context that remembers the call path of its caller. Calls made with it, by a goroutine
// whose own stack begins anew, report that path in front of their own.
func ContextWithCallSite(ctx context.Context) context.Context {
	return callsite.WithParent(ctx, callPaths().Capture(ctx, 1))
}
