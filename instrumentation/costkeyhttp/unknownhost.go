package costkeyhttp

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/provider"
	"github.com/costkey/costkey-otel/semconv"
)

const (
	// providerOther is the provider of calls to hosts that nobody named.
	providerOther = "_OTHER"
	// maxUnknownHosts bounds the hosts that are told apart.
	maxUnknownHosts = 100
)

// WithUnknownHosts makes a call of every POST to a create path of a known format, also where the host is of no provider: its
// provider is "_OTHER". The hosts of [WithPropagateTo] are left alone. Without it such requests are counted in the metric
// costkey.client.unknown_host, and told to OpenTelemetry's error handler, once a host. Default: false.
func WithUnknownHosts(on bool) Option {
	return optionFunc(func(c *config) { c.unknownHosts = on })
}

// unknownHosts are the hosts of no provider that were sent what looks like a call.
type unknownHosts struct {
	mu   sync.Mutex
	said map[string]struct{}
}

// first reports whether host is met for the first time, and what it is called: beyond the bound all have one name.
func (u *unknownHosts) first(host string) (name string, first bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, known := u.said[host]; known {
		return host, false
	}
	if len(u.said) == maxUnknownHosts {
		return providerOther, false
	}
	if u.said == nil {
		u.said = map[string]struct{}{}
	}
	u.said[host] = struct{}{}
	return host, true
}

// atUnknownHost reports what call a POST to a host of no provider is, where such are calls; else it counts what looks like one.
func (t *Transport) atUnknownHost(r *http.Request, address, host string) (provider.Target, bool) {
	if t.own[address] || t.own[host] {
		return provider.Target{}, false
	}
	to, ok := provider.Lookup("", r.URL.Path)
	if !ok || t.unknownAreCalls {
		return to, ok
	}
	name, first := t.unknown.first(host)
	t.metrics.countUnknownHost(r.Context(), name)
	if first {
		otel.Handle(fmt.Errorf("costkeyhttp: leave out a POST that looks like an AI call, since %q is the host of no known "+
			"provider: name it with WithProvider, or see WithUnknownHosts", host))
	}
	return provider.Target{}, false
}

func (m *instruments) countUnknownHost(ctx context.Context, host string) {
	if m != nil {
		m.unknownHost.Add(ctx, 1, metric.WithAttributeSet(attribute.NewSet(semconv.ServerAddressKey.String(host))))
	}
}
