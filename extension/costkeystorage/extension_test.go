package costkeystorage

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/costkey/costkey-otel/internal/postgres"
	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/storage/storagetest"
)

// patience bounds a wait that a test gives up on.
const patience = 30 * time.Second

// host records the statuses that the extension reports.
type host struct{ events chan *componentstatus.Event }

func newHost() *host { return &host{events: make(chan *componentstatus.Event, 100)} }

func (*host) GetExtensions() map[component.ID]component.Component { return nil }
func (h *host) Report(event *componentstatus.Event)               { h.events <- event }

// wait waits for a status and drops those before it.
func (h *host) wait(t *testing.T, want componentstatus.Status) *componentstatus.Event {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		select {
		case event := <-h.events:
			if event.Status() == want {
				return event
			}
		case <-late.C:
			require.Fail(t, "status not reported", want.String())
		}
	}
}

func configured(change func(*Config)) *Config {
	cfg := createDefaultConfig().(*Config)
	change(cfg)
	return cfg
}

func external(dsn string) *Config {
	return configured(func(c *Config) { c.DSN = configopaque.String(dsn) })
}

func newForTest(t *testing.T, cfg *Config) *storageExtension {
	t.Helper()
	ext, err := newExtension(cfg, extensiontest.NewNopSettings(Type))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, ext.Shutdown(context.Background())) })
	return ext
}

// openDir is a directory that any account may enter, unlike t.TempDir.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "costkey-ext-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

func TestWithoutADSNItRunsAPrivatePostgreSQL(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openDir(t), "data")
	for range 2 {
		ext := newForTest(t, configured(func(c *Config) { c.DataDir = dir }))
		require.NoError(t, ext.Start(t.Context(), newHost()))
		count, err := ext.Store().CountCalls(t.Context(), "", time.Unix(0, 0))
		require.NoError(t, err)
		assert.Zero(t, count)
		_, err = postgres.Location(dir)
		require.NoError(t, err)
		require.NoError(t, ext.Shutdown(t.Context()))
		_, err = postgres.Location(dir)
		require.ErrorIs(t, err, postgres.ErrNotRunning)
	}
}

func TestAPrivatePostgreSQLThatDiesIsStartedAgain(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	ext, h := newForTest(t, configured(func(c *Config) { c.DataDir = dir })), newHost()
	require.NoError(t, ext.Start(t.Context(), h))
	state, err := postgres.Location(dir)
	require.NoError(t, err)
	process, err := os.FindProcess(state.PID)
	require.NoError(t, err)
	require.NoError(t, process.Kill())

	h.wait(t, componentstatus.StatusRecoverableError)
	h.wait(t, componentstatus.StatusOK)
	require.NoError(t, ext.Store().Ping(t.Context()))
}

func TestTwoCollectorsOnOneDataDirAreRefusedWithTheWayOut(t *testing.T) {
	t.Parallel()
	cfg := configured(func(c *Config) { c.DataDir = openDir(t) })
	require.NoError(t, newForTest(t, cfg).Start(t.Context(), newHost()))
	err := newForTest(t, cfg).Start(t.Context(), newHost())
	require.ErrorIs(t, err, postgres.ErrLocked)
	require.ErrorContains(t, err, "COSTKEY_DATA_DIR")
}

func TestAnExternalDatabaseIsMigratedAtStart(t *testing.T) {
	t.Parallel()
	dsn := storagetest.DSN(t)
	ext := newForTest(t, external(dsn))
	require.NoError(t, ext.Start(t.Context(), newHost()))
	assert.Equal(t, "0", storagetest.Value(t, dsn, "SELECT count(*) FROM costkey.calls"))
	require.NoError(t, ext.Shutdown(t.Context()))
	require.NoError(t, ext.Shutdown(t.Context()))
}

func TestAnExternalDatabaseThatIsAwayAtStartIsUsedOnceItIsThere(t *testing.T) {
	t.Parallel()
	server := storagetest.NewServer(t)
	require.NoError(t, server.Stop())
	ext, h := newForTest(t, external(server.DSN())), newHost()
	require.NoError(t, ext.Start(t.Context(), h), "the collector starts without its database")
	h.wait(t, componentstatus.StatusRecoverableError)
	_, err := ext.Store().CountCalls(t.Context(), "", time.Unix(0, 0))
	require.True(t, storage.IsRetryable(err), "%v", err)

	require.NoError(t, server.Start())
	h.wait(t, componentstatus.StatusOK)
	_, err = ext.Store().CountCalls(t.Context(), "", time.Unix(0, 0))
	require.NoError(t, err)
}

func TestShutdownDoesNotWaitForADatabaseThatIsAway(t *testing.T) {
	t.Parallel()
	ext := newForTest(t, external("postgres://nobody@127.0.0.1:1/none"))
	require.NoError(t, ext.Start(t.Context(), newHost()))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, ext.Shutdown(ctx))
	require.NoError(t, ctx.Err())
}

// newerSchema is what a migration does that programs of today can't work with.
const newerSchema = "UPDATE costkey.database_identity SET oldest_program = 9999"

func TestANewerSchemaEndsTheStart(t *testing.T) {
	t.Parallel()
	dsn := storagetest.DSN(t)
	first := newForTest(t, external(dsn))
	require.NoError(t, first.Start(t.Context(), newHost()))
	storagetest.Exec(t, dsn, newerSchema)
	err := newForTest(t, external(dsn)).Start(t.Context(), newHost())
	require.ErrorIs(t, err, storage.ErrNewerSchema)
	require.ErrorContains(t, err, "COSTKEY_DATABASE_URL")
}

func TestASchemaOfBeforeTheFirstReleaseEndsTheStartWithTheWayOut(t *testing.T) {
	t.Parallel()
	dsn := storagetest.DSN(t)
	storagetest.Exec(t, dsn, oldSchema)
	for _, migrate := range []bool{true, false} {
		cfg := external(dsn)
		cfg.Migrate = migrate
		err := newForTest(t, cfg).Start(t.Context(), newHost())
		require.ErrorIs(t, err, storage.ErrOldSchema)
		require.ErrorContains(t, err, "ALTER SCHEMA costkey RENAME TO")
	}
}

// oldSchema makes what tells a schema of before the first release.
const oldSchema = "CREATE SCHEMA costkey; CREATE TABLE costkey.cell (id integer)"

func TestADataDirOfBeforeTheFirstReleaseEndsTheStartWithTheWayOut(t *testing.T) {
	t.Parallel()
	cfg := configured(func(c *Config) { c.DataDir = openDir(t) })
	server, err := postgres.Start(t.Context(), postgres.Config{DataDir: cfg.DataDir})
	require.NoError(t, err)
	storagetest.Exec(t, server.DSN(), oldSchema)
	require.NoError(t, server.Stop(t.Context()))
	err = newForTest(t, cfg).Start(t.Context(), newHost())
	require.ErrorIs(t, err, storage.ErrOldSchema)
	require.ErrorContains(t, err, cfg.DataDir)
	require.ErrorContains(t, err, "COSTKEY_DATA_DIR")
}

func TestADatabaseThatIsNotUTF8EndsTheStart(t *testing.T) {
	t.Parallel()
	dsn, err := url.Parse(storagetest.DSN(t))
	require.NoError(t, err)
	latin := strings.TrimPrefix(dsn.Path, "/") + "_latin1"
	storagetest.Exec(t, dsn.String(), "CREATE DATABASE "+latin+" TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'")
	defer storagetest.Exec(t, dsn.String(), "DROP DATABASE "+latin)
	other := *dsn
	other.Path = "/" + latin
	ext := newForTest(t, external(other.String()))
	assert.ErrorIs(t, ext.Start(t.Context(), newHost()), storage.ErrEncoding)
	require.NoError(t, ext.Shutdown(t.Context()))
}

func TestANewerSchemaFoundAtWorkEndsTheWork(t *testing.T) {
	t.Parallel()
	dsn := storagetest.DSN(t)
	cfg := external(dsn)
	cfg.MaintenanceInterval = time.Second
	ext, h := newForTest(t, cfg), newHost()
	require.NoError(t, ext.Start(t.Context(), h))
	storagetest.Exec(t, dsn, newerSchema)
	// The schema is looked at with each new connection.
	storagetest.Exec(t, dsn, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	event := h.wait(t, componentstatus.StatusPermanentError)
	require.ErrorIs(t, event.Err(), storage.ErrNewerSchema)
	require.Eventually(t, func() bool {
		_, err := ext.Store().WriteCalls(t.Context(), oneCall())
		return storage.IsRetryable(err)
	}, patience, 10*time.Millisecond, "calls stay in the queue")
}

func TestANewerSchemaFoundLaterIsReportedAndNotWrittenTo(t *testing.T) {
	t.Parallel()
	server := storagetest.NewServer(t)
	first := newForTest(t, external(server.DSN()))
	require.NoError(t, first.Start(t.Context(), newHost()))
	storagetest.Exec(t, server.DSN(), newerSchema)
	require.NoError(t, first.Shutdown(t.Context()))
	require.NoError(t, server.Stop())

	ext, h := newForTest(t, external(server.DSN())), newHost()
	require.NoError(t, ext.Start(t.Context(), h))
	require.NoError(t, server.Start())
	event := h.wait(t, componentstatus.StatusPermanentError)
	require.ErrorIs(t, event.Err(), storage.ErrNewerSchema)
	require.Eventually(t, func() bool { return ext.Store().Ping(t.Context()) != nil }, patience, 10*time.Millisecond)
}

func TestWithMigrateOffItWaitsForTheOperator(t *testing.T) {
	t.Parallel()
	dsn := storagetest.DSN(t)
	cfg := external(dsn)
	cfg.Migrate = false
	ext, h := newForTest(t, cfg), newHost()
	require.NoError(t, ext.Start(t.Context(), h))
	event := h.wait(t, componentstatus.StatusRecoverableError)
	require.ErrorContains(t, event.Err(), "costkey storage migrate")

	operator, err := storage.Open(storage.Config{DSN: dsn})
	require.NoError(t, err)
	defer operator.Close()
	require.NoError(t, operator.Migrate(t.Context()))
	h.wait(t, componentstatus.StatusOK)
}

func TestTheDSNSaysHowManyConnectionsUnlessTheConfigurationDoes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ configured, want int32 }{{0, 3}, {5, 5}} {
		cfg := external("postgres://nobody@127.0.0.1:1/none?pool_max_conns=3")
		cfg.MaxConnections = int(c.configured)
		require.NoError(t, cfg.Validate())
		ext := newForTest(t, cfg)
		require.NoError(t, ext.Start(t.Context(), newHost()))
		assert.Equal(t, c.want, ext.Store().PoolStats().Max)
	}
}

func TestReadySaysWhereToSendAndHowToLook(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zap.InfoLevel)
	settings := extensiontest.NewNopSettings(Type)
	settings.Logger = zap.New(core)
	ext, err := newExtension(configured(func(c *Config) { c.DataDir = "my data" }), settings)
	require.NoError(t, err)
	conf := confmap.NewFromStringMap(map[string]any{"receivers": map[string]any{
		"otlp":         map[string]any{"protocols": map[string]any{"grpc": map[string]any{"endpoint": "localhost:14317"}, "http": nil}},
		"costkey/team": nil,
		"jaeger":       map[string]any{"endpoint": "localhost:9"},
	}})
	require.NoError(t, ext.NotifyConfigSnapshot(t.Context(), extensioncapabilities.NewConfigSnapshot(conf, conf)))
	require.NoError(t, ext.Ready())
	require.NoError(t, ext.NotReady())
	require.Equal(t, 1, logs.Len())
	assert.Equal(t, "CostKey is ready. Send spans to CostKey SDKs http://localhost:4319, OTLP/HTTP http://localhost:4318, "+
		`OTLP/gRPC localhost:14317. Look at the calls with: psql "$(costkey dsn --data-dir 'my data')" -c 'TABLE costkey.calls'`,
		logs.All()[0].Message)
}

func TestReadyDoesNotShowTheDSN(t *testing.T) {
	t.Parallel()
	assert.NotContains(t, greeting(external("postgres://u:hunter2@h/d"), nil), "hunter2")
}
