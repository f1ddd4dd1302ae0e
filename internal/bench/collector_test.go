package bench

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/costkey/costkey-otel/internal/seed"
	"github.com/costkey/costkey-otel/storage/storagetest"
)

// The set-up of the collector's row: requests of 1,000 spans, marshalled beforehand; the same spans go through the
// exporter alone in batches of 20,000.
const (
	requestSpans  = 1000
	requestsInRun = 160
	senders       = 4
	collectorRuns = 10
)

// BenchmarkCollectorAgainstExporter is OTLP/gRPC → the built collector with its shipped configuration, its queue on disk
// with fsync → PostgreSQL, until every call is stored, against the exporter alone on the same spans, in turns. The sender's
// own processor time is taken out. It needs bin/otelcol-costkey: `make bench` builds it.
func BenchmarkCollectorAgainstExporter(b *testing.B) {
	s := startServer(b, benchDir(b), nil)
	alone, whole := s.writing(b, "empty"), s.writing(b, "empty")
	defer s.drop(b, alone.database)
	defer s.drop(b, whole.database)
	exporter := openWriter(b, s.at(alone.database))
	defer exporter.close(b)
	collector := startCollector(b, s.at(whole.database), senders)
	defer collector.stop(b)
	var ours, single []float64
	for run := range collectorRuns * b.N {
		turns := []func(){
			func() {
				requests := requestsOf(b, whole.noon, run, requestsInRun, requestSpans)
				ours = append(ours, collector.run(b, requests, requestSpans, 0).stored)
			},
			func() { single = append(single, exportAlone(b, exporter, alone.noon, run)) },
		}
		for i := range turns {
			s.checkpoint(b)
			turns[(i+run)%len(turns)]()
		}
	}
	whole.requireStored(b, len(ours)*requestsInRun*requestSpans)
	b.ReportMetric(0, "ns/op") // of no meaning
	b.ReportMetric(median(single)/median(ours), "ratio")
	b.ReportMetric(requestsInRun*requestSpans/median(ours), "collector-spans/s")
	b.ReportMetric(requestsInRun*requestSpans/median(single), "exporter-spans/s")
}

// exportAlone writes the spans of one run with two connections and returns the seconds it took.
func exportAlone(b *testing.B, w *writer, noon time.Time, run int) float64 {
	b.Helper()
	const batch = 20_000
	parts := make([]ptrace.Traces, requestsInRun*requestSpans/batch)
	for i := range parts {
		parts[i] = spansOf(noon, run*len(parts)+i, batch)
	}
	return seconds(b, len(parts), benchConsumers, func(part int) error { return w.write(parts[part]) })
}

// written is a database that a collector writes to, or what is measured against it.
type written struct {
	server   *server
	database string
	noon     time.Time // from when on its calls start
}

// writing makes a database of a ground with the schema in it.
func (s *server) writing(tb testing.TB, ground string) written {
	tb.Helper()
	w := written{server: s, database: caseName(), noon: s.noon}
	template := "template0"
	if ground == "past" {
		before := s.past(tb, benchSize(tb), defaultFunctions)
		w.noon, template = before.noon, before.database
	}
	s.create(tb, w.database, template)
	openStore(tb, s.at(w.database)).Close()
	return w
}

// requireStored fails unless so many calls were stored since noon, with hourly sums to match.
func (w written) requireStored(tb testing.TB, calls int) {
	tb.Helper()
	want := fmt.Sprintf("%d %d true", calls, calls)
	require.Equal(tb, want, storagetest.Value(tb, w.server.own(w.database), `SELECT concat_ws(' ', c.n, h.n, (c.cost = h.cost)::text) FROM
		(SELECT count(*), sum(cost_usd) FROM costkey.call WHERE started_at >= $1) AS c (n, cost),
		(SELECT sum(calls), sum(cost_usd) FROM costkey.costs_hourly WHERE hour >= $1) AS h (n, cost)`, w.noon))
}

// spansOf makes the n-th part of the load, a millisecond from call to call.
func spansOf(start time.Time, part, size int) ptrace.Traces {
	from := start.Add(time.Duration(part*size) * time.Millisecond)
	return seed.Traces(seed.Options{
		Calls: size, First: firstRequested + part*size, From: from, Until: from.Add(time.Duration(size) * time.Millisecond),
	})
}

// firstRequested is the number of the first call that is sent: beyond those of any past.
const firstRequested = 1 << 40

// requestsOf makes the requests of one run, marshalled.
func requestsOf(tb testing.TB, start time.Time, run, requests, spans int) [][]byte {
	tb.Helper()
	out := make([][]byte, requests)
	spread(tb, requests, runtime.NumCPU(), func(i int) (err error) {
		out[i], err = ptraceotlp.NewExportRequestFromTraces(spansOf(start, run*requests+i, spans)).MarshalProto()
		return err
	})
	return out
}

// endpoints are a collector's addresses.
type endpoints struct{ grpc, http, sdk, metrics string }

// await waits until the collector has written so many calls. It asks the collector: to count rows again and again would be
// a load on the database.
func (e endpoints) await(b *testing.B, calls int64) {
	b.Helper()
	require.Eventually(b, func() bool { return e.written(b) >= calls }, 2*time.Minute, 20*time.Millisecond)
}

// written is how many calls the collector says it wrote.
func (e endpoints) written(b *testing.B) int64 {
	b.Helper()
	resp, err := http.Get("http://" + e.metrics + "/metrics")
	require.NoError(b, err)
	defer func() { _ = resp.Body.Close() }()
	sum := 0.0
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), "} "); ok && strings.HasPrefix(name, "costkey_exporter_written") {
			n, err := strconv.ParseFloat(value, 64)
			require.NoError(b, err)
			sum += n
		}
	}
	return int64(sum)
}

// runningCollector is a collector and the programs that send to it.
type runningCollector struct {
	endpoints
	process  *exec.Cmd
	programs programs
}

// startCollector runs the built collector on the database, with so many programs that send to it. The caller stops it.
func startCollector(b *testing.B, dsn string, count int) *runningCollector {
	b.Helper()
	at, process := launchCollector(b, dsn)
	return &runningCollector{endpoints: at, process: process, programs: startPrograms(b, at.grpc, count)}
}

func (c *runningCollector) stop(b *testing.B) {
	b.Helper()
	c.programs.stop()
	stopCollector(b, c.process)
}

func stopCollector(b *testing.B, process *exec.Cmd) {
	b.Helper()
	require.NoError(b, process.Process.Signal(syscall.SIGTERM))
	require.NoError(b, process.Wait())
}

// timing says how long a run took, in seconds: until every request was answered, by the clock on the wall and without the
// programs' own processor time, and without it until every call was stored.
type timing struct {
	delivery
	onWall, answered, stored float64
}

// run lets the programs send the requests of so many spans each, for a time of at most limit where it is not 0, and waits until what was taken
// is stored.
func (c *runningCollector) run(b *testing.B, requests [][]byte, spans int, limit time.Duration) timing {
	b.Helper()
	before := c.written(b)
	runtime.GC()
	began, used := time.Now(), processorTime(b)
	out := timing{delivery: c.programs.send(requests, limit)}
	require.NoError(b, out.err)
	own := (processorTime(b) - used).Seconds() / float64(runtime.NumCPU())
	out.onWall = time.Since(began).Seconds()
	out.answered = out.onWall - own
	c.await(b, before+int64(out.requests*spans))
	out.stored = time.Since(began).Seconds() - own
	return out
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// launchCollector runs the built collector on the database, its queue on the disk of the benchmarks' directory. The caller
// stops it.
func launchCollector(b *testing.B, dsn string) (endpoints, *exec.Cmd) {
	b.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(b, err)
	program := filepath.Join(root, "bin", "otelcol-costkey")
	require.FileExists(b, program, "run `make build` first")
	data, err := os.MkdirTemp(benchDir(b), "collector-")
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, os.RemoveAll(data)) })
	addresses := freeAddresses(b, 5)
	cmd := exec.Command(program, "--config", filepath.Join(root, "config", "quickstart.yaml"))
	cmd.Env = append(os.Environ(), "COSTKEY_DATABASE_URL="+dsn, "COSTKEY_DATA_DIR="+data,
		"GOGC=200", // as scripts/run.sh has it
		"COSTKEY_OTLP_GRPC_ENDPOINT="+addresses[0], "COSTKEY_OTLP_HTTP_ENDPOINT="+addresses[1],
		"COSTKEY_HEALTH_ENDPOINT="+addresses[2], "COSTKEY_RECEIVER_ENDPOINT="+addresses[4], "COSTKEY_METRICS_PORT="+addresses[3][strings.LastIndex(addresses[3], ":")+1:])
	require.NoError(b, cmd.Start())
	require.Eventually(b, func() bool {
		resp, err := http.Get(fmt.Sprintf("http://%s/", addresses[2]))
		if err != nil {
			return false
		}
		defer func() { _ = resp.Body.Close() }()
		return resp.StatusCode == http.StatusOK
	}, time.Minute, 50*time.Millisecond)
	http.DefaultClient.CloseIdleConnections()
	return endpoints{grpc: addresses[0], http: addresses[1], sdk: addresses[4], metrics: addresses[3]}, cmd
}

func freeAddresses(b *testing.B, n int) []string {
	b.Helper()
	out := make([]string, n)
	for i := range out {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(b, err)
		defer func() { _ = l.Close() }()
		out[i] = l.Addr().String()
	}
	return out
}
