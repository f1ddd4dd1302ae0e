package costkeyauth

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/costkey/costkey-otel/internal/counters"
)

const scope = "github.com/costkey/costkey-otel/extension/costkeyauth"

// telemetry is the extension's own metrics; metadata.yaml lists them.
type telemetry struct {
	accepted, refused, cacheHits, databaseErrors metric.Int64Counter
}

func newTelemetry(settings component.TelemetrySettings) (*telemetry, error) {
	t := new(telemetry)
	err := counters.Make(settings.MeterProvider.Meter(scope),
		counters.Counter{To: &t.accepted, Name: "costkey.auth.accepted", Unit: "{request}", Counts: "Requests with a valid key."},
		counters.Counter{To: &t.refused, Name: "costkey.auth.refused", Unit: "{request}", Counts: "Requests that were refused, by reason."},
		counters.Counter{To: &t.cacheHits, Name: "costkey.auth.cache_hits", Unit: "{request}", Counts: "Requests decided without the database."},
		counters.Counter{To: &t.databaseErrors, Name: "costkey.auth.database_errors", Unit: "{error}", Counts: "Keys that could not be looked up."},
	)
	if err != nil {
		return nil, fmt.Errorf("make the metrics of costkey_auth: %w", err)
	}
	return t, nil
}

func (t *telemetry) cacheHit(ctx context.Context)      { t.cacheHits.Add(ctx, 1) }
func (t *telemetry) databaseError(ctx context.Context) { t.databaseErrors.Add(ctx, 1) }

// refuse counts a refusal and returns it.
func (t *telemetry) refuse(ctx context.Context, err error) error {
	reason := "other"
	var r *refusal
	if errors.As(err, &r) {
		reason = r.reason
	}
	t.refused.Add(ctx, 1, metric.WithAttributes(attribute.String("reason", reason)))
	return err
}
