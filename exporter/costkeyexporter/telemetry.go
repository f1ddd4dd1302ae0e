package costkeyexporter

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/costkey/costkey-otel/internal/counters"
	"github.com/costkey/costkey-otel/storage"
)

// telemetry counts what becomes of spans. Each span is counted once in front of the queue (accepted, ignored or dropped),
// each accepted call once behind it (written, duplicate, joined, dead-lettered or dropped).
type telemetry struct {
	accepted  metric.Int64Counter       // calls put into the queue
	ignored   metric.Int64Counter       // spans that are no call, by reason
	dropped   metric.Int64Counter       // calls that are not stored, by reason
	written   metric.Int64UpDownCounter // rows stored, by cost status; down where another span's row takes the place of one
	duplicate metric.Int64Counter       // calls that were stored before
	joined    metric.Int64Counter       // spans that turned out to be another view of a stored call
	repaired  metric.Int64Counter       // calls stored after a value was repaired
	forged    metric.Int64Counter       // calls that named another project than their key's
	noted     metric.Int64Counter       // calls whose numbers were not plain to read, by note
	disagreed metric.Int64Counter       // calls whose span says another cost, by provider and priced model

	deadLettered metric.Int64Counter // calls in the dead-letter table, by reason
	overflowed   metric.Int64Counter // calls of which a dimension is "(other)"
	redirected   metric.Int64Counter // calls of a project too many, filed under the default one
}

func newTelemetry(set component.TelemetrySettings) (*telemetry, error) {
	meter := set.MeterProvider.Meter(scopeName)
	var t telemetry
	err := counters.Make(meter,
		counters.Counter{To: &t.accepted, Name: "costkey.exporter.accepted", Unit: "{call}", Counts: "Calls read from spans and put into the queue."},
		counters.Counter{To: &t.ignored, Name: "costkey.exporter.ignored", Unit: "{span}", Counts: "Spans that are no call to a provider, by reason."},
		counters.Counter{To: &t.dropped, Name: "costkey.exporter.dropped", Unit: "{call}", Counts: "Calls that are not stored, by reason."},
		counters.Counter{To: &t.duplicate, Name: "costkey.exporter.duplicate", Unit: "{call}", Counts: "Calls that were stored before."},
		counters.Counter{To: &t.joined, Name: "costkey.exporter.joined", Unit: "{span}", Counts: "Spans that are another view of a stored call."},
		counters.Counter{To: &t.repaired, Name: "costkey.exporter.repaired", Unit: "{call}", Counts: "Calls stored after a value was repaired."},
		counters.Counter{To: &t.forged, Name: "costkey.exporter.project_ignored", Unit: "{call}", Counts: "Calls that named another project than their key's."},
		counters.Counter{To: &t.noted, Name: "costkey.exporter.noted", Unit: "{call}", Counts: "Calls whose numbers were not plain to read, by note."},
		counters.Counter{To: &t.disagreed, Name: "costkey.exporter.price_disagreements", Unit: "{call}", Counts: "Calls whose span says a cost more than 1 % off ours."},
		counters.Counter{To: &t.deadLettered, Name: "costkey.exporter.dead_lettered", Unit: "{call}", Counts: "Calls put into the dead-letter table, by reason."},
		counters.Counter{To: &t.overflowed, Name: "costkey.exporter.overflowed", Unit: "{call}", Counts: "Calls of which a dimension was replaced by (other)."},
		counters.Counter{To: &t.redirected, Name: "costkey.exporter.redirected", Unit: "{call}", Counts: "Calls of a project too many, filed under the project default."},
	)
	var errWritten error
	t.written, errWritten = meter.Int64UpDownCounter("costkey.exporter.written", metric.WithUnit("{call}"),
		metric.WithDescription("Calls stored, by cost status."))
	return &t, errors.Join(err, errWritten)
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

// accept counts calls that are in the queue.
func (t *telemetry) accept(ctx context.Context, n int) { add(ctx, t.accepted, n, "", "") }

// read counts what a sender's batch was read as.
func (t *telemetry) read(ctx context.Context, r *reading) {
	add(ctx, t.ignored, r.notGenAI, "reason", "not_genai")
	add(ctx, t.ignored, r.outer, "reason", "outer")
	add(ctx, t.joined, r.joined, "", "")
	add(ctx, t.forged, r.otherKey, "", "")
	for reason, n := range r.rejected {
		add(ctx, t.dropped, n, "reason", reason)
	}
}

// outcome counts what storage did with a batch.
func (t *telemetry) outcome(ctx context.Context, res storage.WriteResult) {
	for status, n := range res.ByStatus {
		add(ctx, t.written, n, "cost_status", status)
	}
	add(ctx, t.duplicate, res.Duplicate, "", "")
	add(ctx, t.joined, res.Joined, "", "")
	add(ctx, t.repaired, res.Repaired, "", "")
	for reason, n := range res.SetAside {
		add(ctx, t.dropped, n, "reason", string(reason))
	}
}
