package costkeyauth

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

const scope = "github.com/costkey/costkey-otel/extension/costkeyauth"

// telemetry is the extension's own metrics; metadata.yaml lists them.
type telemetry struct {
	accepted, refused, cacheHits, databaseErrors metric.Int64Counter
}

func newTelemetry(settings component.TelemetrySettings) (*telemetry, error) {
	meter := settings.MeterProvider.Meter(scope)
	t := new(telemetry)
	var problems []error
	for _, c := range []struct {
		counter            *metric.Int64Counter
		name, unit, detail string
	}{
		{&t.accepted, "costkey_auth_accepted", "{request}", "Requests with a valid key."},
		{&t.refused, "costkey_auth_refused", "{request}", "Requests that were refused, by reason."},
		{&t.cacheHits, "costkey_auth_cache_hits", "{request}", "Requests decided without the database."},
		{&t.databaseErrors, "costkey_auth_database_errors", "{error}", "Keys that could not be looked up."},
	} {
		var err error
		*c.counter, err = meter.Int64Counter(c.name, metric.WithUnit(c.unit), metric.WithDescription(c.detail))
		problems = append(problems, err)
	}
	if err := errors.Join(problems...); err != nil {
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
