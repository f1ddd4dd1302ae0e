package costkeyhttp

import (
	"strings"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp/internal/callsite"
)

// Option sets one thing of a [Transport].
type Option interface {
	apply(*config)
}

type config struct {
	tracers trace.TracerProvider
	meters  metric.MeterProvider
	hosts   map[string]string
	sites   callsite.Options
}

type optionFunc func(*config)

func (f optionFunc) apply(c *config) { f(c) }

// WithTracerProvider sets where the spans go. Default: the global provider. Nil is ignored.
func WithTracerProvider(tp trace.TracerProvider) Option {
	return optionFunc(func(c *config) {
		if tp != nil {
			c.tracers = tp
		}
	})
}

// WithMeterProvider sets where the GenAI client metrics go, and has otelhttp record its HTTP client metrics there too.
// Default: the global provider for the GenAI metrics, none for otelhttp's. Nil is ignored.
func WithMeterProvider(mp metric.MeterProvider) Option {
	return optionFunc(func(c *config) {
		if mp != nil {
			c.meters = mp
		}
	})
}

// WithProvider names the provider that serves at host: a gateway, a compatible server, a stand-in. host is "host" or
// "host:port", in any case; the one with the port is preferred, and both are preferred to what is known already.
// provider is a value of gen_ai.provider.name: "openai". An empty host or provider is ignored.
func WithProvider(host, provider string) Option {
	return optionFunc(func(c *config) {
		if host != "" && provider != "" {
			c.hosts[strings.ToLower(host)] = provider
		}
	})
}

// WithSkipPackages names packages, by import path and with the packages below them, whose functions are not taken for
// the caller: a team's own wrapper around an SDK. Their callers stay visible. Default: none.
func WithSkipPackages(paths ...string) Option {
	return optionFunc(func(c *config) { c.sites.SkipPackages = append(c.sites.SkipPackages, paths...) })
}

// WithOwnModules names modules or import path prefixes that are the user's own code although they come from the module
// cache. Default: the main module and the modules beside it.
func WithOwnModules(paths ...string) Option {
	return optionFunc(func(c *config) { c.sites.OwnModules = append(c.sites.OwnModules, paths...) })
}

// WithCallPathDepth sets how many of the user's own frames costkey.call_path holds, the innermost ones. Default: 16. A
// depth that is not positive is ignored.
func WithCallPathDepth(frames int) Option {
	return optionFunc(func(c *config) {
		if frames > 0 {
			c.sites.Depth = frames
		}
	})
}
