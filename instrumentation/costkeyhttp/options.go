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
	tracers     trace.TracerProvider
	meters      metric.MeterProvider
	hosts       map[string]string
	sites       callsite.Options
	bodies      bodyConfig
	own         map[string]bool // hosts that requests carry the trace to
	streamUsage bool

	unknownHosts bool // are sent calls
	extractions  []extraction
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

// WithStreamUsage has the transport add stream_options.include_usage to requests for an OpenAI chat stream that say
// nothing of stream_options: without it OpenAI's streams tell no usage. It is the one change ever made to a request. It
// is made only for hosts known to take it (OpenAI, DeepSeek, Groq, xAI), in JSON that is neither compressed nor signed.
// The answer then has one chunk more, with an empty choices array: code that reads choices[0] unchecked breaks on it.
// Default: false.
func WithStreamUsage(on bool) Option {
	return optionFunc(func(c *config) { c.streamUsage = on })
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

// WithCaptureBody puts what was said to the model and what it said into the span: gen_ai.input.messages,
// gen_ai.output.messages and gen_ai.system_instructions, as JSON, with secrets scrubbed. Default: false.
func WithCaptureBody(on bool) Option {
	return optionFunc(func(c *config) { c.bodies.on = on })
}

// WithBodyLimit sets how many bytes each content attribute holds at most; what is longer is cut and marked so. A call
// holds about that much of its request and of its answer. Default: 32 KiB. A limit that is not positive is ignored.
func WithBodyLimit(bytes int) Option {
	return optionFunc(func(c *config) {
		if bytes > 0 {
			c.bodies.limit = bytes
		}
	})
}

// WithBeforeExport sets a function that may change or empty the content of a call before it goes into the span. It has
// no say in anything else, and is called only with [WithCaptureBody], once a call, on the goroutine that ends it: it must
// be quick and safe for concurrent use. Where it panics the content is dropped and counted; see
// [Transport.ContentDropped]. Default: none. Nil is ignored.
func WithBeforeExport(hook func(*Content)) Option {
	return optionFunc(func(c *config) {
		if hook != nil {
			c.bodies.hook = hook
		}
	})
}
