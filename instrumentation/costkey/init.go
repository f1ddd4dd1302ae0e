package costkey

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	sdkresource "go.opentelemetry.io/otel/sdk/resource"

	"github.com/costkey/costkey-otel/semconv"
)

// Init sets up tracing and, where an endpoint for them is set, metrics.
//
// Spans go to the DSN of [WithDSN] or COSTKEY_DSN, else to OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or
// OTEL_EXPORTER_OTLP_ENDPOINT. Without any of these, and with OTEL_SDK_DISABLED=true, Init does nothing and says so.
// Where the program has registered a tracer provider of its own, Init registers and exports nothing: the clients of
// [HTTPClient] and [WithDefaultTransport] use that one.
//
// An error is a mistake in the settings; it holds no key. An endpoint that is away is not an error.
//
// shutdown sends what waits and takes back what Init wrapped. It is never nil, ends when its context does, reports spans
// that did not arrive, and does nothing the second time. The context of Init bounds Init only.
func Init(ctx context.Context, opts ...Option) (shutdown func(context.Context) error, err error) {
	c, err := newConfig(opts)
	if err != nil {
		return noShutdown, err
	}
	p, err := newPlan(c)
	if err != nil {
		return noShutdown, err
	}
	s := &session{report: &reporter{log: c.log}}
	if p.nothing != "" {
		s.report.once(slog.LevelInfo, "nothing", p.nothing)
		return noShutdown, nil
	}
	if err := s.start(ctx, c, p); err != nil {
		return noShutdown, errors.Join(err, s.stop(ctx))
	}
	return s.shutdown, nil
}

func noShutdown(context.Context) error { return nil }

// plan is what the settings and the program's state ask for.
type plan struct {
	nothing string // why there is nothing to do
	foreign bool   // the program has a tracer provider
	dsn     *dsn   // nil where the environment names the endpoint
	metrics bool
}

func newPlan(c config) (plan, error) {
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return plan{nothing: "OTEL_SDK_DISABLED is true, calls are not recorded"}, nil
	}
	if hasTracerProvider() {
		return plan{foreign: true}, nil
	}
	var p plan
	if c.dsn != "" {
		d, err := parseDSN(c.dsn)
		if err != nil {
			return plan{}, err
		}
		p.dsn = &d
	}
	if p.dsn == nil {
		on, err := wanted(traces)
		if err != nil {
			return plan{}, err
		}
		if !on || !hasEndpoint(traces) {
			return plan{nothing: "neither COSTKEY_DSN nor OTEL_EXPORTER_OTLP_ENDPOINT is set, calls are not recorded"}, nil
		}
	}
	on, err := wanted(metrics)
	p.metrics = on && hasEndpoint(metrics) && !hasMeterProvider()
	return p, err
}

// session is what one Init has set up.
type session struct {
	report  *reporter
	mu      sync.Mutex
	cleanup []func(context.Context) error // run in reverse
}

func (s *session) start(ctx context.Context, c config, p plan) error {
	if p.foreign {
		s.report.once(slog.LevelInfo, "foreign", "a tracer provider is registered already and is used, COSTKEY_DSN is not")
	} else if err := s.startProviders(ctx, c, p); err != nil {
		return err
	}
	if c.propagation {
		otel.SetTextMapPropagator(newPropagator(c.baggage))
	}
	if c.defaultTransport {
		restore := replaceDefaultTransport(c.transport)
		s.atEnd(func(context.Context) error { restore(); return nil })
	}
	return nil
}

func (s *session) startProviders(ctx context.Context, c config, p plan) error {
	res, err := newResource(c, p.dsn)
	if err != nil {
		return err
	}
	if p.metrics {
		exp, err := newMetricExporter(ctx)
		if err != nil {
			return fmt.Errorf("set up the metric exporter: %w", err)
		}
		mp := newMeterProvider(exp, s.report, res)
		s.atEnd(mp.Shutdown)
		otel.SetMeterProvider(mp)
	}
	exp, err := newSpanExporter(ctx, p.dsn)
	if err != nil {
		return fmt.Errorf("set up the span exporter: %w", err)
	}
	tp := newTracerProvider(newExporter(exp, s.report), res)
	s.atEnd(tp.Shutdown)
	otel.SetTracerProvider(tp)
	return nil
}

// newResource describes the program as the SDK does by default: its name, OTEL_RESOURCE_ATTRIBUTES and the SDK. No
// detector of host, process or command line runs.
func newResource(c config, d *dsn) (*sdkresource.Resource, error) {
	var attrs []attribute.KeyValue
	set := func(key attribute.Key, value string) {
		if value != "" {
			attrs = append(attrs, key.String(value))
		}
	}
	set(semconv.ServiceNameKey, c.service)
	set(semconv.ServiceVersionKey, c.version)
	set(semconv.DeploymentEnvironmentKey, c.environment)
	if d != nil {
		set(semconv.ProjectKey, d.project)
	}
	res, err := sdkresource.Merge(sdkresource.Default(), sdkresource.NewSchemaless(attrs...))
	if err != nil {
		return nil, fmt.Errorf("describe the service: %w", err)
	}
	return res, nil
}

func (s *session) atEnd(f func(context.Context) error) { s.cleanup = append(s.cleanup, f) }

func (s *session) shutdown(ctx context.Context) error {
	if err := s.stop(ctx); err != nil {
		return fmt.Errorf("shut down costkey: %w", err)
	}
	return nil
}

// stop undoes the set-up, the last step first. The second time there is nothing left.
func (s *session) stop(ctx context.Context) error {
	s.mu.Lock()
	steps := s.cleanup
	s.cleanup = nil
	s.mu.Unlock()
	var errs []error
	for i := len(steps) - 1; i >= 0; i-- {
		errs = append(errs, steps[i](ctx))
	}
	return errors.Join(errs...)
}
