package costkey

import (
	"errors"
	"log/slog"
	"os"

	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
)

// Option sets one thing of [Init].
type Option interface {
	apply(*config)
}

type config struct {
	dsn              string
	service          string
	version          string
	environment      string
	log              *slog.Logger
	propagation      bool
	baggage          bool
	defaultTransport bool
	transport        []costkeyhttp.Option
}

type optionFunc func(*config)

func (f optionFunc) apply(c *config) { f(c) }

// WithDSN sets where spans go: "http://key@host:port/project". Default: COSTKEY_DSN. Empty is ignored.
func WithDSN(dsn string) Option {
	return optionFunc(func(c *config) {
		if dsn != "" {
			c.dsn = dsn
		}
	})
}

// WithServiceName sets service.name. Default: OTEL_SERVICE_NAME, else "unknown_service:" and the program's name.
func WithServiceName(name string) Option {
	return optionFunc(func(c *config) { c.service = name })
}

// WithServiceVersion sets service.version, which CostKey shows as the release. Default: OTEL_RESOURCE_ATTRIBUTES.
func WithServiceVersion(version string) Option {
	return optionFunc(func(c *config) { c.version = version })
}

// WithEnvironment sets deployment.environment.name ("production"). Default: OTEL_RESOURCE_ATTRIBUTES.
func WithEnvironment(name string) Option {
	return optionFunc(func(c *config) { c.environment = name })
}

// WithLogger sets who hears of trouble: each kind is said once. Default: [slog.Default]. Nil is ignored.
func WithLogger(log *slog.Logger) Option {
	return optionFunc(func(c *config) {
		if log != nil {
			c.log = log
		}
	})
}

// WithPropagation registers W3C trace context and baggage as OpenTelemetry's global propagator. Default: none is
// registered. Whatever injects through the global propagator then adds headers to its requests; anthropic-sdk-go does,
// to Anthropic.
func WithPropagation() Option {
	return optionFunc(func(c *config) { c.propagation = true })
}

// WithBaggage has the propagator of [WithPropagation], without which it is an error, send tags, user and session to every
// server that is called through it, and take them from every caller. Default: false, they stay in the process.
func WithBaggage(on bool) Option {
	return optionFunc(func(c *config) { c.baggage = on })
}

// WithDefaultTransport wraps [http.DefaultTransport] until shutdown, for code whose client cannot be chosen. Default: it
// is left alone. Some libraries expect it to be a *http.Transport and panic; clients made before Init bypass it.
func WithDefaultTransport(opts ...costkeyhttp.Option) Option {
	return optionFunc(func(c *config) {
		c.defaultTransport = true
		c.transport = append(c.transport, opts...)
	})
}

func newConfig(opts []Option) (config, error) {
	c := config{dsn: os.Getenv("COSTKEY_DSN"), log: slog.Default()}
	for _, o := range opts {
		if o != nil {
			o.apply(&c)
		}
	}
	if c.baggage && !c.propagation {
		return c, errors.New("set up costkey: WithBaggage(true) needs WithPropagation")
	}
	return c, nil
}
