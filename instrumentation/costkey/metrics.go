package costkey

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/otel"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdkresource "go.opentelemetry.io/otel/sdk/resource"
)

// meterProvider is the SDK's, marked when it has stopped.
type meterProvider struct {
	*sdkmetric.MeterProvider
	stopped atomic.Bool
}

func newMeterProvider(exp sdkmetric.Exporter, report *reporter, res *sdkresource.Resource) *meterProvider {
	reader := sdkmetric.NewPeriodicReader(metricExporter{Exporter: exp, report: report})
	return &meterProvider{MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithResource(res), sdkmetric.WithReader(reader))}
}

// Shutdown exports a last time and stops.
func (p *meterProvider) Shutdown(ctx context.Context) error {
	if p.stopped.Swap(true) {
		return nil
	}
	return p.MeterProvider.Shutdown(ctx)
}

// hasMeterProvider reports whether the program has registered a provider that is still at work.
func hasMeterProvider() bool {
	mp := otel.GetMeterProvider()
	if p, ours := mp.(*meterProvider); ours {
		return !p.stopped.Load()
	}
	return !isInitial(mp)
}

// metricExporter says once that metrics do not arrive, where the SDK would say so every minute.
type metricExporter struct {
	sdkmetric.Exporter
	report *reporter
}

// Export sends the metrics. It returns nil always: the next export holds the same sums and more.
func (e metricExporter) Export(ctx context.Context, rm *metricdata.ResourceMetrics) error {
	if err := e.Exporter.Export(ctx, rm); err != nil {
		reportFailure(e.report, "metrics", err)
	}
	return nil
}
