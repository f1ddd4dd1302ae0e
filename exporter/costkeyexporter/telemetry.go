package costkeyexporter

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/costkey/costkey-otel/storage"
)

// telemetry counts what becomes of spans. Each span is counted once in front of the queue (accepted, ignored or dropped),
// each accepted call once behind it (written, duplicate, settled or dropped).
type telemetry struct {
	accepted  metric.Int64Counter       // calls put into the queue
	ignored   metric.Int64Counter       // spans that are no call, by reason
	dropped   metric.Int64Counter       // calls that are not stored, by reason
	written   metric.Int64UpDownCounter // rows stored, by cost status; down where another span's row takes the place of one
	duplicate metric.Int64Counter       // calls that were stored before
	settled   metric.Int64Counter       // spans that turned out to be another view of a stored call
	repaired  metric.Int64Counter       // calls stored after a value was repaired
	forged    metric.Int64Counter       // calls that named another project than their key's
	noted     metric.Int64Counter       // calls whose numbers were not plain to read, by note
	disagreed metric.Int64Counter       // calls whose span says another cost, by provider and priced model
}

func newTelemetry(set component.TelemetrySettings) (*telemetry, error) {
	meter := set.MeterProvider.Meter(scopeName)
	var t telemetry
	var errs []error
	for _, c := range []struct {
		counter            *metric.Int64Counter
		name, unit, detail string
	}{
		{&t.accepted, "costkey.exporter.accepted", "{call}", "Calls read from spans and put into the queue."},
		{&t.ignored, "costkey.exporter.ignored", "{span}", "Spans that are no call to a provider, by reason."},
		{&t.dropped, "costkey.exporter.dropped", "{call}", "Calls that are not stored, by reason."},
		{&t.duplicate, "costkey.exporter.duplicate", "{call}", "Calls that were stored before."},
		{&t.settled, "costkey.exporter.settled", "{span}", "Spans that are another view of a stored call."},
		{&t.repaired, "costkey.exporter.repaired", "{call}", "Calls stored after a value was repaired."},
		{&t.forged, "costkey.exporter.project_ignored", "{call}", "Calls that named another project than their key's."},
		{&t.noted, "costkey.exporter.noted", "{call}", "Calls whose numbers were not plain to read, by note."},
		{&t.disagreed, "costkey.exporter.price_disagreements", "{call}", "Calls whose span says a cost more than 1 % off ours."},
	} {
		var err error
		*c.counter, err = meter.Int64Counter(c.name, metric.WithUnit(c.unit), metric.WithDescription(c.detail))
		errs = append(errs, err)
	}
	var err error
	t.written, err = meter.Int64UpDownCounter("costkey.exporter.written", metric.WithUnit("{call}"),
		metric.WithDescription("Calls stored, by cost status."))
	return &t, errors.Join(append(errs, err)...)
}

// adder is a counter that may or may not go down.
type adder interface {
	Add(ctx context.Context, n int64, options ...metric.AddOption)
}

// add counts n with one attribute; 0 leaves no trace.
func add(ctx context.Context, c adder, n int, key, value string) {
	if n == 0 {
		return
	}
	if key == "" {
		c.Add(ctx, int64(n))
		return
	}
	c.Add(ctx, int64(n), metric.WithAttributeSet(attribute.NewSet(attribute.String(key, value))))
}

// outcome counts what storage did with a batch.
func (t *telemetry) outcome(ctx context.Context, res storage.WriteResult) {
	for status, n := range res.ByStatus {
		add(ctx, t.written, n, "cost_status", status)
	}
	add(ctx, t.duplicate, res.Duplicate, "", "")
	add(ctx, t.settled, res.Settled, "", "")
	add(ctx, t.repaired, res.Repaired, "", "")
	for reason, n := range res.SetAside {
		add(ctx, t.dropped, n, "reason", string(reason))
	}
}
