package costkeystorage

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.uber.org/zap"

	"github.com/costkey/costkey-otel/internal/postgres"
	"github.com/costkey/costkey-otel/storage"
)

// StoreProvider is what exporters and other extensions look for among the host's extensions.
type StoreProvider interface {
	extension.Extension
	// Store returns the process's one store. It is nil before the extension's Start and stays the same after it. The
	// store may be used at once, from any goroutine: while its database is away or not migrated yet, its errors are
	// retryable. Only this extension closes it.
	Store() *storage.Store
}

// firstTry bounds the try at start to reach an external database; after it the collector starts without.
const firstTry = 10 * time.Second

// storageExtension owns the private server, if any, then the store on it, then the goroutines that look after both, one
// of which does maintenance, and shuts them down in the opposite order.
type storageExtension struct {
	cfg       *Config
	logger    *zap.Logger
	telemetry *telemetry
	settings  component.TelemetrySettings

	server *postgres.Server // nil with an external database
	store  *storage.Store
	host   component.Host

	stop     context.CancelFunc
	watching sync.WaitGroup
	givingUp sync.Once
	shutdown sync.Once

	mu       sync.Mutex
	snapshot *confmap.Conf
}

var (
	_ StoreProvider                               = (*storageExtension)(nil)
	_ extensioncapabilities.PipelineWatcher       = (*storageExtension)(nil)
	_ extensioncapabilities.ConfigSnapshotWatcher = (*storageExtension)(nil)
)

func newExtension(cfg *Config, settings extension.Settings) (*storageExtension, error) {
	return &storageExtension{
		cfg: cfg, logger: settings.Logger, settings: settings.TelemetrySettings, stop: func() {},
	}, nil
}

// Store implements StoreProvider.
func (e *storageExtension) Store() *storage.Store { return e.store }

// Start brings the store up. What the user must set right ends the start: a bad DSN, a server that is too old, a database
// that is not UTF8, a schema that is newer or of before 0.1.0, a private server that does not run. An external database that
// is away is retried in the background.
func (e *storageExtension) Start(ctx context.Context, host component.Host) error {
	e.host = host
	ready, err := e.open(ctx)
	if err != nil {
		return err
	}
	if e.telemetry, err = newTelemetry(e.settings, e.store); err != nil {
		return err
	}
	watchCtx, stop := context.WithCancel(context.Background())
	e.stop = stop
	e.watching.Go(func() { e.watch(watchCtx, ready) })
	return nil
}

// open connects to the database, and reports whether its schema is ready.
func (e *storageExtension) open(ctx context.Context) (ready bool, err error) {
	dsn := string(e.cfg.DSN)
	if dsn == "" {
		if dsn, err = e.startServer(ctx); err != nil {
			return false, err
		}
	}
	e.store, err = storage.Open(storage.Config{
		DSN: dsn, MaxConns: int32(e.cfg.MaxConnections), CardinalityLimit: e.cfg.CardinalityLimit,
		ProjectLimit: e.cfg.ProjectLimit,
	})
	if err != nil {
		return false, err
	}
	if e.server != nil {
		if err := e.prepare(ctx); err != nil {
			return false, fmt.Errorf("prepare the database under data_dir %s: %w", e.cfg.DataDir, err)
		}
		return true, nil
	}
	tryCtx, cancel := context.WithTimeout(ctx, firstTry)
	defer cancel()
	err = e.prepare(tryCtx)
	switch {
	case err == nil:
		return true, nil
	case ctx.Err() != nil || !isTransient(err):
		return false, fmt.Errorf("prepare the database of dsn (COSTKEY_DATABASE_URL): %w", err)
	}
	e.reportAway(err)
	return false, nil
}

func (e *storageExtension) startServer(ctx context.Context) (dsn string, err error) {
	e.server, err = postgres.Start(ctx, postgres.Config{
		DataDir: e.cfg.DataDir, RepositoryURL: e.cfg.ProgramsURL, Logger: e.logger,
		Parameters: map[string]string{"max_connections": fmt.Sprint(max(50, e.cfg.MaxConnections+20))},
	})
	if err != nil {
		return "", fmt.Errorf("start the private PostgreSQL: %w", err)
	}
	return e.server.DSN(), nil
}

// prepare brings the schema up to date, or, where that is an operator's task, checks that it is.
func (e *storageExtension) prepare(ctx context.Context) error {
	if e.cfg.Migrate {
		return e.store.Migrate(ctx)
	}
	steps, err := e.store.Migrations(ctx)
	if err != nil {
		return err
	}
	for _, step := range steps {
		if step.AppliedAt.IsZero() {
			return fmt.Errorf("`migrate` is false: %w", storage.ErrNotMigrated)
		}
	}
	return nil
}

// isTransient reports whether waiting for the schema may help.
func isTransient(err error) bool {
	return storage.IsRetryable(err) || errors.Is(err, storage.ErrNotMigrated)
}

// isUnusable reports whether the database is one that this version must not touch.
func isUnusable(err error) bool {
	for _, final := range [...]error{storage.ErrNewerSchema, storage.ErrOldSchema, storage.ErrServerTooOld, storage.ErrEncoding} {
		if errors.Is(err, final) {
			return true
		}
	}
	return false
}

// Shutdown stops the goroutines, the store and the server, in this order. It is safe without Start and safe twice.
func (e *storageExtension) Shutdown(ctx context.Context) error {
	var err error
	e.shutdown.Do(func() {
		e.stop()
		e.watching.Wait()
		if e.telemetry != nil {
			err = e.telemetry.close()
		}
		if e.store != nil {
			e.store.Close()
		}
		if e.server != nil {
			err = errors.Join(err, e.server.Stop(ctx))
		}
	})
	return err
}

// NotifyConfigSnapshot keeps the collector's configuration for what Ready says.
func (e *storageExtension) NotifyConfigSnapshot(_ context.Context, snapshot extensioncapabilities.ConfigSnapshot) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.snapshot = snapshot.Effective()
	return nil
}

// Ready says how to use the collector, now that its receivers listen.
func (e *storageExtension) Ready() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.logger.Info(greeting(e.cfg, e.snapshot))
	return nil
}

// NotReady implements extensioncapabilities.PipelineWatcher.
func (e *storageExtension) NotReady() error { return nil }

func (e *storageExtension) reportAway(err error) {
	e.logger.Warn("the database is away; the collector goes on without it and tries again", zap.Error(err))
	e.report(componentstatus.NewRecoverableErrorEvent(err))
}

func (e *storageExtension) report(event *componentstatus.Event) {
	componentstatus.ReportStatus(e.host, event)
}
