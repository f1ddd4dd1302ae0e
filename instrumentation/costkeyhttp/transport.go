package costkeyhttp

import (
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/callsite"
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/provider"
	"github.com/costkey/costkey-otel/semconv"
)

// Transport is the [http.RoundTripper] that [NewTransport] makes. It is safe for concurrent use.
type Transport struct {
	base    http.RoundTripper
	traced  http.RoundTripper // base below an HTTP span
	tracer  trace.Tracer
	metrics *instruments
	sites   *callsite.Resolver
	hosts   map[string]string
	bodies  bodyConfig
	own     map[string]bool

	extractors map[string][]*provider.Custom // by host, or by host and port

	contentDropped  atomic.Int64
	extractorPanics atomic.Int64
	unknown         unknownHosts
	unknownAreCalls bool
	streamUsage     bool // requests for a stream are made to ask for its usage
}

var _ http.RoundTripper = (*Transport)(nil)

// NewTransport returns a transport that sends requests through base and observes the calls to AI providers among them.
// A nil base is [http.DefaultTransport].
//
// A base that is an otelhttp transport is used as it is, with its own propagator and its own habits: it writes a URL's
// query, Google's key in it, and the texts of errors into its span.
func NewTransport(base http.RoundTripper, opts ...Option) *Transport {
	if base == nil {
		base = http.DefaultTransport
	}
	c := &config{hosts: map[string]string{}, own: map[string]bool{}, bodies: bodyConfig{limit: defaultBodyLimit}}
	for _, o := range opts {
		if o != nil {
			o.apply(c)
		}
	}
	tracers := c.tracers
	if tracers == nil {
		tracers = otel.GetTracerProvider()
	}
	t := &Transport{
		base:        base,
		traced:      withHTTPSpan(base, tracers, c.meters),
		tracer:      tracers.Tracer(semconv.ScopeInstrumentation, trace.WithSchemaURL(semconv.SchemaURL)),
		metrics:     newInstruments(c.meters),
		sites:       callsite.New(c.sites),
		hosts:       c.hosts,
		bodies:      c.bodies,
		own:         c.own,
		streamUsage: c.streamUsage,

		unknownAreCalls: c.unknownHosts,
	}
	t.extract(c.extractions)
	return t
}

// RoundTrip sends r through the base transport. Its answer and its error are the base's.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	c := t.begin(r)
	if c == nil {
		return t.forward(r)
	}
	resp, err := t.traced.RoundTrip(c.outgoing(r))
	if c.reached { // what the base said, not what otelhttp made of it
		resp, err = c.response, c.err
	}
	c.headed(resp, err)
	return resp, err
}

// CloseIdleConnections closes the base's idle connections, if it can.
func (t *Transport) CloseIdleConnections() {
	if base, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}

// target is what a request is addressed to, as its URL tells.
type target struct {
	provider.Target
	provider string
	host     string
	port     int
}

// match reports what call r is, if it is one.
func (t *Transport) match(r *http.Request) (target, bool) {
	if r.Method != http.MethodPost || r.URL == nil {
		return target{}, false
	}
	address := strings.ToLower(r.URL.Host)
	host := strings.TrimSuffix(strings.ToLower(r.URL.Hostname()), ".")
	port := r.URL.Port()
	name := t.providerAt(address, host, port, r.URL.Path)
	if name == "" {
		to, ok := t.atUnknownHost(r, address, host)
		return target{Target: to, provider: providerOther, host: host, port: portOf(port, r.URL.Scheme)}, ok
	}
	to, ok := t.extracted(address, host, r.URL.Path)
	if !ok {
		to, ok = provider.Lookup(name, r.URL.Path)
	}
	return target{Target: to, provider: name, host: host, port: portOf(port, r.URL.Scheme)}, ok
}

// providerAt returns the provider at an address: by what the user named, host and port before host, then by what is known.
func (t *Transport) providerAt(address, host, port, path string) string {
	if name, ok := t.hosts[address]; ok {
		return name
	}
	if name, ok := t.hosts[host]; ok {
		return name
	}
	return provider.At(host, port, path)
}

// portOf returns the port that a URL goes to, or 0.
func portOf(port, scheme string) int {
	if port != "" {
		n, err := strconv.Atoi(port)
		if err != nil {
			return 0
		}
		return n
	}
	switch scheme {
	case "https":
		return 443
	case "http":
		return 80
	}
	return 0
}
