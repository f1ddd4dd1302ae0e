package costkeyreceiver

import (
	"context"
	"errors"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
)

// health says once for each version of an SDK that what it sends can't be read, and reports it as the component's status
// and on its metric until a batch is read again.
type health struct {
	logger *zap.Logger
	gauge  metric.Int64Gauge
	host   component.Host

	mu   sync.Mutex
	said map[string]bool // by the SDK's version
	ill  bool
}

// maxSaid bounds the versions that are told apart: they come from outside.
const maxSaid = 32

var errUnreadable = errors.New("a CostKey SDK sends events of a shape that this receiver can't read")

// start makes the health that of a receiver that runs on host.
func (h *health) start(host component.Host) {
	h.host = host
	h.gauge.Record(context.Background(), 1)
}

func (h *health) unreadable(sdkVersion string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.said[sdkVersion] && len(h.said) < maxSaid {
		h.said[sdkVersion] = true
		h.logger.Warn("can't read the events of a CostKey SDK; is it newer than this collector? This is said once for each version",
			zap.String("sdk_version", sdkVersion))
	}
	if !h.ill {
		h.ill = true
		h.gauge.Record(context.Background(), 0)
		componentstatus.ReportStatus(h.host, componentstatus.NewRecoverableErrorEvent(errUnreadable))
	}
}

func (h *health) readable() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ill {
		h.ill = false
		h.gauge.Record(context.Background(), 1)
		componentstatus.ReportStatus(h.host, componentstatus.NewEvent(componentstatus.StatusOK))
	}
}
