package bench

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/costkey/costkey-otel/exporter/costkeyexporter"
	"github.com/costkey/costkey-otel/storage"
)

// A writer has two connections and is given batches by as many consumers as the exporter's queue has.
const (
	benchConnections = 2
	benchConsumers   = 3
)

// writer is an exporter without a queue on a store of its own: the benchmark is the caller's goroutine itself.
type writer struct {
	store    *storage.Store
	exporter exporter.Traces
}

// openWriter brings the database's schema up and starts a writer on it. The caller closes it.
func openWriter(tb testing.TB, dsn string) *writer {
	tb.Helper()
	f := costkeyexporter.NewFactory()
	cfg := f.CreateDefaultConfig().(*costkeyexporter.Config)
	cfg.Queue = configoptional.None[exporterhelper.QueueBatchConfig]()
	e, err := f.CreateTraces(tb.Context(), exportertest.NewNopSettings(f.Type()), cfg)
	require.NoError(tb, err)
	w := &writer{store: openStore(tb, dsn), exporter: e}
	require.NoError(tb, e.Start(tb.Context(), storageHost{store: w.store}))
	return w
}

func openStore(tb testing.TB, dsn string) *storage.Store {
	tb.Helper()
	s, err := storage.Open(storage.Config{DSN: dsn, MaxConns: benchConnections})
	require.NoError(tb, err)
	require.NoError(tb, s.Migrate(tb.Context()))
	_, err = s.Maintain(tb.Context())
	require.NoError(tb, err)
	return s
}

func (w *writer) write(td ptrace.Traces) error {
	return w.exporter.ConsumeTraces(context.Background(), td)
}

func (w *writer) close(tb testing.TB) {
	tb.Helper()
	require.NoError(tb, w.exporter.Shutdown(context.Background()))
	w.store.Close()
}

// storageHost is a collector whose one extension is the store.
type storageHost struct{ store *storage.Store }

func (h storageHost) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{component.MustNewID("costkey_storage"): storeExtension{store: h.store}}
}

type storeExtension struct {
	component.StartFunc
	component.ShutdownFunc
	store *storage.Store
}

func (e storeExtension) Store() *storage.Store { return e.store }

// seconds collects garbage and returns how long so many consumers take for the parts of a round, which they take one
// after the other.
func seconds(tb testing.TB, parts, consumers int, work func(part int) error) float64 {
	tb.Helper()
	runtime.GC()
	start := time.Now()
	spread(tb, parts, consumers, work)
	return time.Since(start).Seconds()
}

// spread lets so many workers do the parts of a work, and fails if one of them does.
func spread(tb testing.TB, parts, workers int, work func(part int) error) {
	tb.Helper()
	var wg sync.WaitGroup
	var next atomic.Int32
	errs := make([]error, parts)
	for range workers {
		wg.Go(func() {
			for part := int(next.Add(1)) - 1; part < parts; part = int(next.Add(1)) - 1 {
				errs[part] = work(part)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(tb, err)
	}
}

// median of an even number of values lies between the two in the middle.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
