package costkeyexporter

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/attribute"

	"github.com/costkey/costkey-otel/semconv"
	"github.com/costkey/costkey-otel/storage"
)

// benchSenders is how many programs send at once.
const benchSenders = 32

// BenchmarkSendersWithAQueueOnDisk is what 32 senders get through the exporter and its queue in a file with fsync, each
// sending its next request when the last one was answered. The store takes every batch at once, so that the figure is the
// exporter's own. One operation is one request; the run ends when every call is written.
func BenchmarkSendersWithAQueueOnDisk(b *testing.B) {
	for _, spansEach := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("spans=%d", spansEach), func(b *testing.B) { benchmarkSenders(b, spansEach) })
	}
}

func benchmarkSenders(b *testing.B, spansEach int) {
	store := new(countingStore)
	e, _ := newQueueOnDisk(b, store, b.TempDir(), nil)
	senders := make([]ptrace.Traces, benchSenders)
	for i := range senders {
		senders[i] = spans(spansEach)
	}
	var next, offers atomic.Int64
	offer := e.group.offer
	e.group.offer = func(ctx context.Context, req *request) error {
		offers.Add(1)
		return offer(ctx, req)
	}
	var wg sync.WaitGroup
	used := processorTime(b)
	b.ReportAllocs()
	b.ResetTimer()
	for _, td := range senders {
		wg.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				renumber(td, uint64(n))
				for e.ConsumeTraces(context.Background(), td) != nil { // the queue is full: an SDK tries again too
					runtime.Gosched()
				}
			}
		})
	}
	wg.Wait()
	accepted := b.Elapsed()
	want := int64(b.N * spansEach)
	require.Eventually(b, func() bool { return store.calls.Load() >= want }, time.Minute, time.Millisecond)
	b.StopTimer()
	b.ReportMetric(float64((processorTime(b)-used).Nanoseconds())/float64(b.N), "cpu-ns/op")
	require.Equal(b, want, store.calls.Load())
	b.ReportMetric(float64(b.N)/float64(offers.Load()), "requests/group")
	b.ReportMetric(float64(b.N)/accepted.Seconds(), "requests/s")
	b.ReportMetric(float64(want)/b.Elapsed().Seconds(), "spans/s")
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// renumber gives the spans the ids of another request, so that no call is another one's double.
func renumber(td ptrace.Traces, n uint64) {
	for r, rs := range td.ResourceSpans().All() {
		for i, span := range rs.ScopeSpans().At(0).Spans().All() {
			id := span.TraceID()
			binary.BigEndian.PutUint64(id[:8], n)
			span.SetTraceID(id)
			for _, key := range []attribute.Key{semconv.GenAIResponseIDKey, semconv.RequestIDKey} {
				if v, ok := span.Attributes().Get(string(key)); ok {
					v.SetStr(fmt.Sprintf("%s-%d-%d-%d", key, n, r, i))
				}
			}
		}
	}
}

// countingStore takes everything and counts it.
type countingStore struct{ calls, batches atomic.Int64 }

func (s *countingStore) WriteCalls(_ context.Context, calls []storage.Call, _ ...storage.Node) (storage.WriteResult, error) {
	s.batches.Add(1)
	s.calls.Add(int64(len(calls)))
	return storage.WriteResult{Written: len(calls)}, nil
}

func (s *countingStore) Projects(context.Context) ([]storage.Project, error) { return nil, nil }

var queueStorage = component.MustNewIDWithName("file_storage", "queue")

// fileStorage starts the extension that the shipped configurations keep the queue in, as they set it.
func fileStorage(tb testing.TB, dir string) component.Component {
	tb.Helper()
	f := filestorage.NewFactory()
	cfg := f.CreateDefaultConfig().(*filestorage.Config)
	cfg.Directory, cfg.FSync = dir, true
	ext, err := f.Create(tb.Context(), extensiontest.NewNopSettings(f.Type()), cfg)
	require.NoError(tb, err)
	require.NoError(tb, ext.Start(tb.Context(), componenttest.NewNopHost()))
	tb.Cleanup(func() { require.NoError(tb, ext.Shutdown(context.Background())) })
	return ext
}

// newQueueOnDisk starts an exporter with the default settings and a queue in a file of dir.
func newQueueOnDisk(tb testing.TB, store callWriter, dir string, change func(*Config)) (*tracesExporter, *componenttest.Telemetry) {
	tb.Helper()
	return newQueueIn(tb, store, fileStorage(tb, dir), change)
}

// newQueueIn starts an exporter with the default settings and a queue in queue.
func newQueueIn(tb testing.TB, store callWriter, queue component.Component, change func(*Config)) (*tracesExporter, *componenttest.Telemetry) {
	tb.Helper()
	tel := componenttest.NewTelemetry()
	tb.Cleanup(func() { _ = tel.Shutdown(context.Background()) })
	cfg := createDefaultConfig().(*Config)
	cfg.Queue.Get().StorageID = &queueStorage
	cfg.Retry.InitialInterval = time.Millisecond
	if change != nil {
		change(cfg)
	}
	set := exportertest.NewNopSettings(componentType)
	set.TelemetrySettings, set.ID = tel.NewTelemetrySettings(), component.NewID(componentType) // which names the file
	e, err := newTraces(tb.Context(), set, cfg)
	require.NoError(tb, err)
	e.findStore = has(store)
	require.NoError(tb, e.Start(tb.Context(), hostWithQueue{queue: queue}))
	tb.Cleanup(func() { require.NoError(tb, e.Shutdown(context.Background())) })
	return e, tel
}

// hostWithQueue is a collector with a storage for the queue.
type hostWithQueue struct{ queue component.Component }

func (h hostWithQueue) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{queueStorage: h.queue}
}
