package costkey

import (
	"net/http"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
)

// HTTPClient returns a client to hand to an AI SDK. Calls go to providers as without it, and each becomes a span of the
// global tracer provider. It has no time-out of its own; the context's holds. It may be made before [Init].
func HTTPClient(opts ...costkeyhttp.Option) *http.Client {
	return &http.Client{Transport: costkeyhttp.NewTransport(unwrapped(http.DefaultTransport), opts...)}
}

// defaultTransport stands in for http.DefaultTransport, and remembers what it replaces.
type defaultTransport struct {
	*costkeyhttp.Transport
	base http.RoundTripper
}

// unwrapped is what t was before [WithDefaultTransport], so that no call is measured twice.
func unwrapped(t http.RoundTripper) http.RoundTripper {
	if d, ok := t.(*defaultTransport); ok {
		return d.base
	}
	return t
}

// replaceDefaultTransport wraps http.DefaultTransport. restore puts the base back unless somebody replaced it since.
func replaceDefaultTransport(opts []costkeyhttp.Option) (restore func()) {
	base := unwrapped(http.DefaultTransport)
	ours := &defaultTransport{Transport: costkeyhttp.NewTransport(base, opts...), base: base}
	http.DefaultTransport = ours
	return func() {
		if http.DefaultTransport == http.RoundTripper(ours) {
			http.DefaultTransport = base
		}
	}
}
