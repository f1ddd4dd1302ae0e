package costkeyexporter

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/costkey/costkey-otel/pricing"
)

const day = 24 * time.Hour

// observe makes the metrics of the prices, until stop.
func (p *prices) observe(meter metric.Meter) error {
	refused, err := meter.Int64Counter("costkey.exporter.prices_refused", metric.WithUnit("{file}"),
		metric.WithDescription("Changed files with prices that could not be used, by option."))
	if err != nil {
		return err
	}
	age, err := meter.Int64ObservableGauge("costkey.exporter.catalogue_age", metric.WithUnit("d"),
		metric.WithDescription("Whole days since the facts of the price catalogue were last known true."))
	if err != nil {
		return err
	}
	p.refused = refused
	p.gauge, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		o.ObserveInt64(age, p.days())
		return nil
	}, age)
	return err
}

// days returns how old the catalogue in force is.
func (p *prices) days() int64 { return int64(p.current().Age(p.now()) / day) }

// tellBase says which catalogue prices are based on, where a file is named. read is what readBase made of it: nil is no
// file.
func (p *prices) tellBase(read *pricing.Catalogue) {
	if p.catalogue.path == "" {
		return
	}
	inForce := zap.String("as_of", p.current().AsOf().Format(time.DateOnly))
	file := zap.String("catalogue_file", p.catalogue.path)
	switch {
	case read == nil:
		p.logger.Info("There is no catalogue_file; prices are those of the built-in catalogue.", file, inForce)
	case !read.NewerThan(pricing.BuiltIn()):
		p.logger.Info("The catalogue_file is not newer than the built-in catalogue, which holds.", file, inForce)
	default:
		p.logger.Info("Prices are those of the catalogue_file.", file, inForce)
	}
}

// tellAge warns of a catalogue that is old, once for each.
func (p *prices) tellAge() {
	table := p.current()
	if !table.IsStale(p.now()) || p.staleTold.Equal(table.AsOf()) {
		return
	}
	p.staleTold = table.AsOf()
	p.logger.Warn(fmt.Sprintf("The price catalogue is of %s, %d days ago: newer models have no price, and changed prices are not in it. "+
		"Bring a newer one with `costkey prices update`, and name its file in `catalogue_file`.", table.AsOf().Format(time.DateOnly), p.days()),
		zap.String("as_of", table.AsOf().Format(time.DateOnly)), zap.Int64("age_days", p.days()))
}

// failure is what is wrong with the files, nil if nothing.
func (p *prices) failure() error {
	var errs []error
	for _, f := range []*priceFile{&p.catalogue, &p.own} {
		if f.failed != nil {
			errs = append(errs, f.wrap(f.failed))
		}
	}
	return errors.Join(errs...)
}

// status tells what is wrong with the files, and what an operator may want to know of the prices. An old catalogue is told
// there and is no error: a program that is restarted for it would have the same one.
func (p *prices) status() *componentstatus.Event {
	table, about := p.current(), pcommon.NewMap()
	about.PutStr("catalogue_as_of", table.AsOf().Format(time.DateOnly))
	about.PutInt("catalogue_age_days", p.days())
	about.PutBool("catalogue_stale", table.IsStale(p.now()))
	if err := p.failure(); err != nil {
		return componentstatus.NewEvent(componentstatus.StatusRecoverableError, componentstatus.WithError(err), componentstatus.WithAttributes(about))
	}
	return componentstatus.NewEvent(componentstatus.StatusOK, componentstatus.WithAttributes(about))
}
