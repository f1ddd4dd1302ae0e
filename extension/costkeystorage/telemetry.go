package costkeystorage

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/costkey/costkey-otel/storage"
)

const scope = "github.com/costkey/costkey-otel/extension/costkeystorage"

// telemetry is the extension's own metrics; metadata.yaml lists them. It is safe for concurrent use.
type telemetry struct {
	rounds                                                                         metric.Int64Counter
	roundTime                                                                      metric.Float64Histogram
	mergedSums, joined, droppedDays, deletedExpired, deletedUnused, deletedLetters metric.Int64Counter
	connections, maxConnections, deadLetters                                       metric.Int64ObservableGauge
	clockSkew                                                                      metric.Float64ObservableGauge
	registration                                                                   metric.Registration

	mu      sync.Mutex
	counted map[storage.Reason]int64 // dead letters at the last count, nil before the first
}

func newTelemetry(settings component.TelemetrySettings, store *storage.Store) (*telemetry, error) {
	meter := settings.MeterProvider.Meter(scope)
	t := &telemetry{}
	err := errors.Join(t.makeCounters(meter), t.makeGauges(meter, store))
	if err != nil {
		return nil, fmt.Errorf("make the storage metrics: %w", err)
	}
	return t, nil
}

// makeCounters makes what rounds of maintenance are counted with.
func (t *telemetry) makeCounters(meter metric.Meter) error {
	var problems []error
	var err error
	t.roundTime, err = meter.Float64Histogram("costkey.storage.maintenance.duration",
		metric.WithDescription("Time of one round of maintenance."), metric.WithUnit("s"),
		metric.WithExplicitBucketBoundaries(0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 120))
	problems = append(problems, err)
	for _, c := range []struct {
		to                      *metric.Int64Counter
		name, unit, description string
	}{
		{&t.rounds, "rounds", "{round}", "Rounds of maintenance, by outcome (success, failure, elsewhere)."},
		{&t.mergedSums, "merged_sums", "{sum}", "Appended sums merged into the hourly sums."},
		{&t.joined, "joined", "{span}", "Spans found to be another view of a stored call when their deduplication window ended."},
		{&t.droppedDays, "dropped_days", "{day}", "Days whose partitions were dropped."},
		{&t.deletedExpired, "deleted_expired", "{call}", "Calls deleted because their project keeps fewer days than another one."},
		{&t.deletedUnused, "deleted_unused", "{row}", "Interned rows deleted because no call and no sum names them any more."},
		{&t.deletedLetters, "deleted_dead_letters", "{call}", "Dead letters deleted at the end of their retention."},
	} {
		*c.to, err = meter.Int64Counter("costkey.storage.maintenance."+c.name,
			metric.WithDescription(c.description), metric.WithUnit(c.unit))
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// makeGauges makes what is read when metrics are collected. None of it asks the database.
func (t *telemetry) makeGauges(meter metric.Meter, store *storage.Store) error {
	var errs [5]error
	t.connections, errs[0] = meter.Int64ObservableGauge("costkey.storage.connections",
		metric.WithDescription("Open connections to the database, by state (used, idle)."), metric.WithUnit("{connection}"))
	t.maxConnections, errs[1] = meter.Int64ObservableGauge("costkey.storage.connections.max",
		metric.WithDescription("Most connections that may be open."), metric.WithUnit("{connection}"))
	t.deadLetters, errs[2] = meter.Int64ObservableGauge("costkey.storage.dead_letters",
		metric.WithDescription("Calls kept as dead letters in the database, by reason (bad_value, clocks, failing)."),
		metric.WithUnit("{call}"))
	t.clockSkew, errs[3] = meter.Float64ObservableGauge("costkey.storage.clock_skew",
		metric.WithDescription("How far this machine's clock is ahead of the database's."), metric.WithUnit("s"))
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	t.registration, errs[4] = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		t.observe(o, store.PoolStats(), store.ClockSkew())
		return nil
	}, t.connections, t.maxConnections, t.deadLetters, t.clockSkew)
	return errs[4]
}

func (t *telemetry) observe(o metric.Observer, pool storage.PoolStats, skew time.Duration) {
	o.ObserveInt64(t.connections, int64(pool.InUse), attributes("state", "used"))
	o.ObserveInt64(t.connections, int64(pool.Idle), attributes("state", "idle"))
	o.ObserveInt64(t.maxConnections, int64(pool.Max))
	o.ObserveFloat64(t.clockSkew, skew.Seconds())
	t.mu.Lock()
	defer t.mu.Unlock()
	for reason, n := range t.counted {
		o.ObserveInt64(t.deadLetters, n, attributes("reason", string(reason)))
	}
}

func attributes(key, value string) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.String(key, value)))
}

// maintained counts one round.
func (t *telemetry) maintained(ctx context.Context, took time.Duration, rep storage.MaintenanceReport, err error) {
	outcome := "success"
	switch {
	case err != nil:
		outcome = "failure"
	case rep.Elsewhere:
		outcome = "elsewhere"
	}
	t.rounds.Add(ctx, 1, attributes("outcome", outcome))
	if outcome != "elsewhere" {
		t.roundTime.Record(ctx, took.Seconds())
	}
	t.mergedSums.Add(ctx, rep.MergedSums)
	t.joined.Add(ctx, int64(rep.Joined))
	t.droppedDays.Add(ctx, int64(rep.DroppedDays))
	t.deletedExpired.Add(ctx, rep.DeletedExpired)
	t.deletedUnused.Add(ctx, rep.DeletedUnused)
	t.deletedLetters.Add(ctx, rep.DeletedLetters)
}

// setDeadLetters keeps a count of dead letters. A reason that has none is shown as 0, so that an alert ends.
func (t *telemetry) setDeadLetters(counts []storage.DeadLetterCount) {
	sums := map[storage.Reason]int64{storage.ReasonBadValue: 0, storage.ReasonClocks: 0, storage.ReasonFailing: 0}
	for _, c := range counts {
		sums[c.Reason] += c.Calls
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counted = sums
}

// close stops the callback, which reads the pool.
func (t *telemetry) close() error { return t.registration.Unregister() }
