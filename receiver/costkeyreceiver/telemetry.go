package costkeyreceiver

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/costkey/costkey-otel/internal/counters"
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
	err := counters.Make(meter,
		counters.Counter{To: &t.accepted, Name: "costkey.receiver.accepted", Unit: "{event}", Counts: "Events of CostKey SDKs handed to the pipeline."},
		counters.Counter{To: &t.refused, Name: "costkey.receiver.refused", Unit: "{request}", Counts: "Requests that were not taken, by reason."},
		counters.Counter{To: &t.unreadable, Name: "costkey.receiver.unreadable", Unit: "{event}", Counts: "Events, or whole batches, that can't be read."},
		counters.Counter{To: &t.repaired, Name: "costkey.receiver.repaired", Unit: "{event}", Counts: "Events accepted after a value was left out or mended."},
		counters.Counter{To: &t.projectIgnored, Name: "costkey.receiver.project_ignored", Unit: "{event}", Counts: "Events that named another project than their key's."},
	)
	var errGauge error
	t.healthy, errGauge = meter.Int64Gauge("costkey.receiver.healthy", metric.WithUnit("1"),
		metric.WithDescription("0 from the arrival of events in a shape that can't be read until a batch is read again, else 1."))
	return &t, errors.Join(err, errGauge)
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
