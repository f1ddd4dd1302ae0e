package costkeyexporter

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
)

// componentType is the name of this exporter in a collector's configuration.
var componentType = component.MustNewType("costkey")

// scopeName is the scope of this exporter's own metrics.
const scopeName = "github.com/costkey/costkey-otel/exporter/costkeyexporter"

// NewFactory returns the factory of exporter costkey.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(
		componentType,
		createDefaultConfig,
		exporter.WithTraces(createTraces, component.StabilityLevelBeta),
	)
}

func createTraces(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Traces, error) {
	return newTraces(ctx, set, cfg.(*Config))
}
