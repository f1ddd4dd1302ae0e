package costkeystorage

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"

	"github.com/costkey/costkey-otel/storage"
)

// Type is the component type of the extension, and the ID under which others look it up unless they are told another.
var Type = component.MustNewType("costkey_storage")

// NewFactory returns the factory of the extension costkey_storage.
func NewFactory() extension.Factory {
	return extension.NewFactory(Type, createDefaultConfig, create, component.StabilityLevelBeta)
}

func createDefaultConfig() component.Config {
	return &Config{
		DataDir:             ".costkey",
		ProgramsURL:         defaultProgramsURL,
		CardinalityLimit:    storage.DefaultCardinalityLimit,
		ProjectLimit:        storage.DefaultProjectLimit,
		Migrate:             true,
		Maintenance:         true,
		MaintenanceInterval: 30 * time.Second,
	}
}

func create(_ context.Context, settings extension.Settings, cfg component.Config) (extension.Extension, error) {
	return newExtension(cfg.(*Config), settings)
}
