package costkeyauth

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
)

// Type is the component type of the extension. Exporter costkey refuses data without a key where it finds an extension of
// this type in the collector.
var Type = component.MustNewType("costkey_auth")

// NewFactory returns the factory of the extension costkey_auth.
func NewFactory() extension.Factory {
	return extension.NewFactory(Type, createDefaultConfig, create, component.StabilityLevelBeta)
}

func createDefaultConfig() component.Config {
	return &Config{
		Storage:          component.NewID(component.MustNewType("costkey_storage")),
		CacheTTL:         3 * time.Second,
		CacheSize:        10_000,
		OfflineGrace:     10 * time.Minute,
		LookupsPerSecond: 50,
	}
}

func create(_ context.Context, settings extension.Settings, cfg component.Config) (extension.Extension, error) {
	return newExtension(cfg.(*Config), settings)
}
