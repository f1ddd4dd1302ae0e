package costkeyreceiver

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
)

// componentType is the name of this receiver in a collector's configuration.
var componentType = component.MustNewType("costkey")

// scopeName is the scope of this receiver's own metrics.
const scopeName = "github.com/costkey/costkey-otel/receiver/costkeyreceiver"

// readTimeout is how long a request may take to arrive. The Python SDK gives up after 10 seconds.
const readTimeout = 30 * time.Second

// NewFactory returns the factory of receiver costkey.
func NewFactory() receiver.Factory {
	return receiver.NewFactory(
		componentType,
		createDefaultConfig,
		receiver.WithTraces(createTraces, component.StabilityLevelBeta),
	)
}

func createTraces(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Traces) (receiver.Traces, error) {
	return newReceiver(cfg.(*Config), set, next)
}
