package costkeyreceiver

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// telemetry counts what becomes of events; metadata.yaml lists the metrics. Each event of a request that could be read is
// counted once: accepted, unreadable or refused.
type telemetry struct {
	accepted       metric.Int64Counter // events handed to the pipeline
	refused        metric.Int64Counter // requests that were not taken, by reason
	unreadable     metric.Int64Counter // events, or whole batches as one, that can't be read
	repaired       metric.Int64Counter // accepted events of which a value was left out or mended
	projectIgnored metric.Int64Counter // accepted events that named another project than their key's
	healthy        metric.Int64Gauge   // 0 while what an SDK sends can't be read, else 1
}

func newTelemetry(set component.TelemetrySettings) (*telemetry, error) {
	meter := set.MeterProvider.Meter(scopeName)
	var t telemetry
	var errs []error
	for _, c := range []struct {
		counter            *metric.Int64Counter
		name, unit, detail string
	}{
		{&t.accepted, "costkey.receiver.accepted", "{event}", "Events of CostKey SDKs handed to the pipeline."},
		{&t.refused, "costkey.receiver.refused", "{request}", "Requests that were not taken, by reason."},
		{&t.unreadable, "costkey.receiver.unreadable", "{event}", "Events, or whole batches, that can't be read."},
		{&t.repaired, "costkey.receiver.repaired", "{event}", "Events accepted after a value was left out or mended."},
		{&t.projectIgnored, "costkey.receiver.project_ignored", "{event}", "Events that named another project than their key's."},
	} {
		var err error
		*c.counter, err = meter.Int64Counter(c.name, metric.WithUnit(c.unit), metric.WithDescription(c.detail))
		errs = append(errs, err)
	}
	var err error
	t.healthy, err = meter.Int64Gauge("costkey.receiver.healthy", metric.WithUnit("1"),
		metric.WithDescription("0 from the arrival of events in a shape that can't be read until a batch is read again, else 1."))
	return &t, errors.Join(append(errs, err)...)
}

// add counts n; 0 leaves no trace.
func add(ctx context.Context, c metric.Int64Counter, n int) {
	if n > 0 {
		c.Add(ctx, int64(n))
	}
}

func (t *telemetry) refuse(ctx context.Context, reason string) {
	t.refused.Add(ctx, 1, metric.WithAttributes(attribute.String("reason", reason)))
}
