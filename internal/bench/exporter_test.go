package bench

import (
	"context"
	"runtime"
	"slices"
	"strconv"
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
	"github.com/costkey/costkey-otel/internal/seed"
	"github.com/costkey/costkey-otel/semconv"
	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/storage/storagetest"
)

// The set-up of the exporter's rows in the table of benchmarks: batches of 20,000, two connections, ten or more
// interleaved runs in one process, medians. A run is several batches on end, handed on by as many consumers as the exporter's
// queue has, either way.
const (
	benchBatch       = 20_000
	benchBatches     = 12
	benchConsumers   = 3
	benchConnections = 2
	benchRuns        = 10
)

// BenchmarkExporterAgainstCopy is pdata → PostgreSQL with hourly sums, against bare binary COPY of the same rows into an
// identical table with the same indexes. Metrics: "ratio" against pgx's COPY, "ratio-raw" against COPY of bytes that
// are encoded already, rows per second, and bytes per call on disk with indexes and the interned tables.
func BenchmarkExporterAgainstCopy(b *testing.B) { benchmarkExporter(b, workload{}) }

// BenchmarkExporterWithDoubles is the same with 20 % of the calls seen twice, by an SDK's own span too.
func BenchmarkExporterWithDoubles(b *testing.B) { benchmarkExporter(b, workload{doubles: 0.2}) }

// BenchmarkExporterWithoutSuspects is the same for a project whose spans never double and whose provider gives each answer
// an id: it must not pay for settling. That nothing was kept or looked at for the sake of settling is checked.
func BenchmarkExporterWithoutSuspects(b *testing.B) { benchmarkExporter(b, workload{identified: true}) }

// workload says in what the calls of a benchmark differ from those that [seed] makes.
type workload struct {
	doubles    float64 // the share of calls that are seen twice
	identified bool    // all answers have an id, those too whose provider gives none
}

func benchmarkExporter(b *testing.B, work workload) {
	bench := newExporterBench(b, work)
	var ours, copied, raw []float64
	for range b.N {
		for run := range benchRuns {
			a, c, r := bench.run(b, run)
			ours, copied, raw = append(ours, a), append(copied, c), append(raw, r)
		}
	}
	b.ReportMetric(median(copied)/median(ours), "ratio")
	b.ReportMetric(median(raw)/median(ours), "ratio-raw")
	b.ReportMetric(benchBatch*benchBatches/median(ours), "calls/s")
	b.ReportMetric(benchBatch*benchBatches/median(copied), "copy-rows/s")
	bench.check(b)
}

type exporterBench struct {
	exporter  exporter.Traces
	store     *storage.Store
	dsn       string
	baselines [2]*storagetest.Baseline // for pgx's COPY and for the raw one
	start     time.Time
	work      workload
}

func newExporterBench(b *testing.B, work workload) *exporterBench {
	b.Helper()
	server := storagetest.NewDurableServer(b)
	today := time.Now().UTC().Truncate(24 * time.Hour)
	x := &exporterBench{start: today.Add(9 * time.Hour), work: work}
	x.dsn = server.Database(b)
	x.store = benchStore(b, x.dsn, today)
	for i := range x.baselines {
		target := server.Database(b)
		benchStore(b, target, today)
		x.baselines[i] = storagetest.NewBaseline(b, x.dsn, target, today, benchConnections)
	}
	x.exporter = newExporter(b, x.store)
	return x
}

// newExporter starts an exporter without a queue: the benchmark is the caller's goroutine itself.
func newExporter(b *testing.B, store *storage.Store) exporter.Traces {
	b.Helper()
	f := costkeyexporter.NewFactory()
	cfg := f.CreateDefaultConfig().(*costkeyexporter.Config)
	cfg.Queue = configoptional.None[exporterhelper.QueueBatchConfig]()
	e, err := f.CreateTraces(b.Context(), exportertest.NewNopSettings(f.Type()), cfg)
	require.NoError(b, err)
	require.NoError(b, e.Start(b.Context(), storageHost{store: store}))
	b.Cleanup(func() { require.NoError(b, e.Shutdown(context.Background())) })
	return e
}

func benchStore(b *testing.B, dsn string, today time.Time) *storage.Store {
	b.Helper()
	s, err := storage.Open(storage.Config{DSN: dsn, MaxConns: benchConnections, Now: func() time.Time { return today.Add(12 * time.Hour) }})
	require.NoError(b, err)
	b.Cleanup(s.Close)
	require.NoError(b, s.Migrate(b.Context()))
	_, err = s.Maintain(b.Context())
	require.NoError(b, err)
	return s
}

// window is the time in which the calls of one batch start.
func (x *exporterBench) window(run, part int) (from, until time.Time) {
	const length = time.Minute
	from = x.start.Add(time.Duration(run*benchBatches+part) * length)
	return from, from.Add(length)
}

// run writes the same calls three ways and returns the seconds that each took.
func (x *exporterBench) run(b *testing.B, run int) (ours, copied, raw float64) {
	b.Helper()
	batches := make([]ptrace.Traces, benchBatches)
	for part := range batches {
		from, until := x.window(run, part)
		batches[part] = seed.Traces(seed.Options{
			Calls: benchBatch, First: (run*benchBatches + part) * benchBatch, From: from, Until: until, Doubles: x.work.doubles,
		})
		if x.work.identified {
			identify(batches[part])
		}
	}
	ours = seconds(benchBatches, func(part int) error { return x.exporter.ConsumeTraces(context.Background(), batches[part]) }, b)
	plain := make([]storagetest.Batch, benchBatches)
	encoded := make([]storagetest.Raw, benchBatches)
	for part := range plain {
		from, until := x.window(run, part)
		plain[part] = x.baselines[0].Read(b, from, until)
		encoded[part] = x.baselines[1].ReadRaw(b, from, until)
		require.Len(b, plain[part], benchBatch)
	}
	copied = seconds(benchBatches, func(part int) error { return x.baselines[0].Copy(context.Background(), plain[part]) }, b)
	raw = seconds(benchBatches, func(part int) error { return x.baselines[1].CopyRaw(context.Background(), encoded[part]) }, b)
	return ours, copied, raw
}

// identify gives each span that has no response id one of its own.
func identify(td ptrace.Traces) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				key := string(semconv.GenAIResponseIDKey)
				if _, ok := span.Attributes().Get(key); !ok {
					span.Attributes().PutStr(key, "resp-"+span.SpanID().String())
				}
			}
		}
	}
}

// seconds is how long the consumers take for the parts of a run.
func seconds(parts int, work func(part int) error, b *testing.B) float64 {
	b.Helper()
	runtime.GC()
	var wg sync.WaitGroup
	var next atomic.Int32
	errs := make([]error, parts)
	start := time.Now()
	for range benchConsumers {
		wg.Go(func() {
			for part := int(next.Add(1)) - 1; part < parts; part = int(next.Add(1)) - 1 {
				errs[part] = work(part)
			}
		})
	}
	wg.Wait()
	took := time.Since(start).Seconds()
	for _, err := range errs {
		require.NoError(b, err)
	}
	return took
}

func median(values []float64) float64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}

// check holds what was stored against what was sent, and reports its size.
func (x *exporterBench) check(b *testing.B) {
	b.Helper()
	const want = benchRuns * benchBatches * benchBatch
	calls, err := x.store.CountCalls(b.Context(), "", x.start)
	require.NoError(b, err)
	require.EqualValues(b, want, calls)
	require.Equal(b, strconv.Itoa(want), storagetest.Value(b, x.dsn, "SELECT sum(calls) FROM costkey.costs_hourly"))
	require.Equal(b, "true", storagetest.Value(b, x.dsn,
		"SELECT (SELECT sum(cost_usd) FROM costkey.costs_hourly) = (SELECT sum(cost_usd) FROM costkey.calls)"))
	if x.work.identified {
		require.Equal(b, "0", storagetest.Value(b, x.dsn,
			"SELECT (SELECT count(*) FROM costkey.pending_trace) + (SELECT count(*) FROM costkey.trace_node)"))
	}
	_, err = x.store.Maintain(b.Context())
	require.NoError(b, err)
	storagetest.Exec(b, x.dsn, "VACUUM FULL costkey.hourly_delta")
	size, err := strconv.ParseFloat(storagetest.Value(b, x.dsn, `SELECT sum(pg_total_relation_size(c.oid))
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'costkey' AND c.relkind = 'r'`), 64)
	require.NoError(b, err)
	b.ReportMetric(size/want, "bytes/call")
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
