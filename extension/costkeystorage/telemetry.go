package costkeystorage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/costkey/costkey-otel/storage"
)

const scope = "github.com/costkey/costkey-otel/extension/costkeystorage"

// telemetry is the extension's own metrics; metadata.yaml lists them.
type telemetry struct {
	rounds       metric.Int64Counter
	roundTime    metric.Float64Histogram
	registration metric.Registration
}

func newTelemetry(settings component.TelemetrySettings, store *storage.Store) (*telemetry, error) {
	meter := settings.MeterProvider.Meter(scope)
	var problems []error
	note := func(err error) { problems = append(problems, err) }
	t := &telemetry{}
	var err error
	t.rounds, err = meter.Int64Counter("costkey.storage.maintenance.rounds",
		metric.WithDescription("Rounds of upkeep, by outcome."), metric.WithUnit("{round}"))
	note(err)
	t.roundTime, err = meter.Float64Histogram("costkey.storage.maintenance.duration",
		metric.WithDescription("Time of one round of upkeep."), metric.WithUnit("s"),
		metric.WithExplicitBucketBoundaries(0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 120))
	note(err)
	connections, err := meter.Int64ObservableGauge("costkey.storage.connections",
		metric.WithDescription("Open connections to the database, by state."), metric.WithUnit("{connection}"))
	note(err)
	limit, err := meter.Int64ObservableGauge("costkey.storage.connections.max",
		metric.WithDescription("Most connections that may be open."), metric.WithUnit("{connection}"))
	note(err)
	used := metric.WithAttributeSet(attribute.NewSet(attribute.String("state", "used")))
	idle := metric.WithAttributeSet(attribute.NewSet(attribute.String("state", "idle")))
	t.registration, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		pool := store.PoolStats()
		o.ObserveInt64(connections, int64(pool.InUse), used)
		o.ObserveInt64(connections, int64(pool.Idle), idle)
		o.ObserveInt64(limit, int64(pool.Max))
		return nil
	}, connections, limit)
	note(err)
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("make the storage metrics: %w", err)
	}
	return t, nil
}

func (t *telemetry) maintained(ctx context.Context, took time.Duration, err error) {
	outcome := "success"
	if err != nil {
		outcome = "failure"
	}
	t.rounds.Add(ctx, 1, metric.WithAttributes(attribute.String("outcome", outcome)))
	t.roundTime.Record(ctx, took.Seconds())
}

// close stops the callback, which reads the pool.
func (t *telemetry) close() error { return t.registration.Unregister() }
