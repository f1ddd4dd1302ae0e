// Package shopper says who a request is for: to the measurement of AI calls, and to the shop's other service.
package shopper

import (
	"net/http"

	"go.opentelemetry.io/otel/attribute"

	"github.com/costkey/costkey-otel/instrumentation/costkey"
	"github.com/costkey/costkey-otel/instrumentation/costkeyctx"
)

// Headers in which a request says who it is for.
const (
	nameHeader    = "X-Shopper"
	sessionHeader = "X-Session"
)

// Known tells the measurement who a request is for, and which part of the shop it wants.
func Known(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := costkey.WithUser(r.Context(), r.Header.Get(nameHeader))
		ctx = costkey.WithSession(ctx, r.Header.Get(sessionHeader))
		ctx = costkey.WithTags(ctx, attribute.String("page", r.Method+" "+r.URL.Path))
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// Tell puts who the request of r's context is for into r, which goes to another service of the shop's: the trace goes
// there by itself, the shopper doesn't.
func Tell(r *http.Request) {
	if known := costkeyctx.FromContext(r.Context()); known != nil {
		r.Header.Set(nameHeader, known.User)
		r.Header.Set(sessionHeader, known.Session)
	}
}
