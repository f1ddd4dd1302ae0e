package costkeyreceiver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/extension/extensionauth"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"
)

// limiter is what an authenticator may be, too: it takes calls and bytes from what the key in ctx may send now. Its errors
// are as those of Authenticate.
type limiter interface {
	Admit(ctx context.Context, calls, bytes int) error
}

// tracesReceiver serves the SDKs. It is safe for concurrent use between Start and Shutdown.
type tracesReceiver struct {
	cfg       *Config
	settings  receiver.Settings
	next      consumer.Traces
	telemetry *telemetry
	obs       *receiverhelper.ObsReport
	health    *health
	graphs    *graphs
	placer    *placer
	sites     *sites

	auth    extensionauth.Server // nil in open mode
	params  []string             // query parameters that the authenticator looks at
	limits  limiter              // nil where nothing is limited
	server  *http.Server
	serving sync.WaitGroup
}

var _ receiver.Traces = (*tracesReceiver)(nil)

func newReceiver(cfg *Config, set receiver.Settings, next consumer.Traces) (*tracesReceiver, error) {
	tel, err := newTelemetry(set.TelemetrySettings)
	if err != nil {
		return nil, fmt.Errorf("make the receiver's metrics: %w", err)
	}
	obs, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID: set.ID, Transport: "http", ReceiverCreateSettings: set,
	})
	if err != nil {
		return nil, fmt.Errorf("make the receiver's report: %w", err)
	}
	return &tracesReceiver{
		cfg: cfg, settings: set, next: next, telemetry: tel, obs: obs,
		health: &health{logger: set.Logger, gauge: tel.healthy, said: make(map[string]bool)}, graphs: newGraphs(time.Now),
	}, nil
}

// Start listens. The authenticator is called by the handlers, not by the server: a server can only answer 401, and a key
// that can't be checked now must be 503, or the SDK drops what it sent.
func (r *tracesReceiver) Start(ctx context.Context, host component.Host) error {
	r.health.start(host)
	server := r.cfg.Server
	if auth := server.Auth.Get(); auth != nil {
		authenticator, err := auth.Config.GetServerAuthenticator(ctx, host.GetExtensions())
		if err != nil {
			return fmt.Errorf("find the authenticator: %w", err)
		}
		r.auth, r.params = authenticator, auth.RequestParameters
		r.limits, _ = authenticator.(limiter)
		server.Auth = configoptional.None[confighttp.AuthConfig]()
	}
	var err error
	if r.placer, err = newPlacer(r.cfg.Storage, host, r.settings.Logger); err != nil {
		return err
	}
	r.sites = newSites(r.placer, r.graphs, time.Now)
	r.server, err = server.ToServer(ctx, host.GetExtensions(), r.settings.TelemetrySettings, r.routes())
	if err != nil {
		return fmt.Errorf("make the server: %w", err)
	}
	listener, err := server.ToListener(ctx)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", server.NetAddr.Endpoint, err)
	}
	r.settings.Logger.Info("takes calls of CostKey SDKs", zap.Stringer("address", listener.Addr()))
	r.serving.Go(func() {
		if err := r.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(fmt.Errorf("serve: %w", err)))
		}
	})
	return nil
}

// Shutdown ends when the requests at hand are answered, or ctx is done. It is safe without Start and safe twice.
func (r *tracesReceiver) Shutdown(ctx context.Context) error {
	if r.server == nil {
		return nil
	}
	err := r.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, r.server.Close())
	}
	r.serving.Wait()
	return err
}
