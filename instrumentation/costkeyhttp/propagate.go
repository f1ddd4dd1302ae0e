package costkeyhttp

import (
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/costkey/costkey-otel/instrumentation/costkeyctx"
)

// The headers by which CostKey's SDKs carry a trace between services.
const (
	TraceIDHeader   = "X-Costkey-Trace-Id"
	TraceNameHeader = "X-Costkey-Trace-Name"
)

var w3c propagation.TraceContext

// WithPropagateTo names own hosts that requests carry the trace to, in headers: W3C trace context, and CostKey's trace id
// and name for services with CostKey's other SDKs. A host is "host" or "host:port", in any case. A header that the request
// has already stays. Tags, user and session are not sent. An AI provider, known or named by [WithProvider], gets no header
// even where it is named here. Default: none, every request goes out as it came.
func WithPropagateTo(hosts ...string) Option {
	return optionFunc(func(c *config) {
		for _, h := range hosts {
			if h != "" {
				c.own[strings.ToLower(h)] = true
			}
		}
	})
}

// forward sends a request that is no call, with the trace where it goes to a host of the user's own.
func (t *Transport) forward(r *http.Request) (*http.Response, error) {
	if len(t.own) == 0 || !t.isOwn(r) {
		return t.base.RoundTrip(r)
	}
	out := t.carrying(r)
	if out == r {
		return t.base.RoundTrip(r)
	}
	resp, err := t.base.RoundTrip(out)
	if resp != nil && resp.Request != nil && resp.Request.URL == out.URL { // HTTP/2 answers with a copy of the request
		resp.Request = r
	}
	return resp, err
}

func (t *Transport) isOwn(r *http.Request) bool {
	if r.URL == nil {
		return false
	}
	address := strings.ToLower(r.URL.Host)
	host := strings.TrimSuffix(strings.ToLower(r.URL.Hostname()), ".")
	return (t.own[address] || t.own[host]) && t.providerAt(address, host, r.URL.Port(), r.URL.Path) == ""
}

// carrying returns a copy of r that carries the trace, or r itself where there is none.
func (t *Transport) carrying(r *http.Request) *http.Request {
	ctx := r.Context()
	span, values := trace.SpanContextFromContext(ctx), costkeyctx.FromContext(ctx)
	id, name := values.Text(costkeyctx.TraceIDKey), values.Text(costkeyctx.TraceNameKey)
	if id == "" && span.HasTraceID() {
		id = span.TraceID().String()
	}
	if id == "" {
		return r
	}
	out := r.Clone(ctx)
	if out.Header == nil {
		out.Header = http.Header{}
	}
	if out.Header.Get("Traceparent") == "" {
		w3c.Inject(ctx, propagation.HeaderCarrier(out.Header))
	}
	setHeader(out.Header, TraceIDHeader, id)
	setHeader(out.Header, TraceNameHeader, name)
	return out
}

// setHeader sets a header that is not there yet. A value that no header may hold is left out.
func setHeader(h http.Header, key, value string) {
	if value == "" || h.Get(key) != "" {
		return
	}
	for i := range len(value) {
		if value[i] < ' ' || value[i] > '~' {
			return
		}
	}
	h.Set(key, value)
}
