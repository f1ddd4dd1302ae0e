// Package counters makes a component's counters of a table, so that each stands in one line: where it goes, its name, its unit
// and what it counts.
package counters

import (
	"errors"

	"go.opentelemetry.io/otel/metric"
)

// Counter is one line of the table.
type Counter struct {
	To *metric.Int64Counter // where the counter is put
	// Name and Unit are by OpenTelemetry's conventions: "costkey.exporter.accepted", "{call}".
	Name, Unit string
	Counts     string // the description
}

// Make makes the counters. It makes all it can; the error is of all that it can't.
func Make(meter metric.Meter, table ...Counter) error {
	var errs []error
	for _, c := range table {
		var err error
		*c.To, err = meter.Int64Counter(c.Name, metric.WithUnit(c.Unit), metric.WithDescription(c.Counts))
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
