package bench

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"

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
// with fsync → PostgreSQL, until every call is stored, against the exporter alone on the same spans. The sender's own
// processor time is taken out. It needs bin/otelcol-costkey: `make bench` builds it.
func BenchmarkCollectorAgainstExporter(b *testing.B) {
	server := storagetest.NewDurableServer(b)
	today := time.Now().UTC().Truncate(24 * time.Hour)
	alone := benchStore(b, server.Database(b), today)
	exporter := newExporter(b, alone)
	dsn := server.Database(b)
	seen := benchStore(b, dsn, today)
	client := startCollector(b, dsn)
	start := today.Add(time.Hour)
	var whole, single []float64
	for range b.N {
		for run := range collectorRuns {
			requests := make([][]byte, requestsInRun)
			for i := range requests {
				requests[i] = marshal(b, spansOf(start, run*requestsInRun+i, requestSpans))
			}
			whole = append(whole, client.run(b, requests))
			single = append(single, exportAlone(b, exporter.ConsumeTraces, start, run))
		}
	}
	stored, err := seen.CountCalls(b.Context(), "", start)
	require.NoError(b, err)
	require.EqualValues(b, len(whole)*requestsInRun*requestSpans, stored)
	b.ReportMetric(median(single)/median(whole), "ratio")
	b.ReportMetric(requestsInRun*requestSpans/median(whole), "collector-spans/s")
	b.ReportMetric(requestsInRun*requestSpans/median(single), "exporter-spans/s")
}

// spansOf makes the n-th part of the load.
func spansOf(start time.Time, part, size int) ptrace.Traces {
	from := start.Add(time.Duration(part*size) * time.Millisecond)
	return seed.Traces(seed.Options{Calls: size, First: part * size, From: from, Until: from.Add(time.Duration(size) * time.Millisecond)})
}

func marshal(b *testing.B, td ptrace.Traces) []byte {
	b.Helper()
	body, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	require.NoError(b, err)
	return body
}

// exportAlone writes the spans of one run with two connections and returns the seconds it took.
func exportAlone(b *testing.B, consume func(context.Context, ptrace.Traces) error, start time.Time, run int) float64 {
	b.Helper()
	parts := make([]ptrace.Traces, requestsInRun*requestSpans/benchBatch)
	for i := range parts {
		parts[i] = spansOf(start, run*len(parts)+i, benchBatch)
	}
	return seconds(len(parts), func(part int) error { return consume(context.Background(), parts[part]) }, b)
}

type collectorClient struct {
	conn *grpc.ClientConn
	at   endpoints
}

// run sends the requests and returns the seconds until all calls are stored, without the sender's processor time.
func (c *collectorClient) run(b *testing.B, requests [][]byte) float64 {
	b.Helper()
	want := c.at.written(b) + int64(len(requests)*requestSpans)
	runtime.GC()
	began, used := time.Now(), processorTime(b)
	var next atomic.Int32
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(requests) {
					return
				}
				for c.send(requests[i]) != nil { // the queue is full: an SDK tries again too
					runtime.Gosched()
				}
			}
		})
	}
	wg.Wait()
	sent := processorTime(b) - used
	c.at.await(b, want)
	return time.Since(began).Seconds() - sent.Seconds()/float64(runtime.NumCPU())
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func (c *collectorClient) send(body []byte) error {
	var answer []byte
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return c.conn.Invoke(ctx, "/opentelemetry.proto.collector.trace.v1.TraceService/Export", body, &answer, grpc.ForceCodecV2(rawCodec{}))
}

// rawCodec sends bytes that are marshalled already.
type rawCodec struct{}

var _ encoding.CodecV2 = rawCodec{}

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}

func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}

func (rawCodec) Name() string { return "proto" }

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

// startCollector runs the built collector on the database.
func startCollector(b *testing.B, dsn string) *collectorClient {
	b.Helper()
	at := launchCollector(b, dsn)
	conn, err := grpc.NewClient(at.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, conn.Close()) })
	return &collectorClient{conn: conn, at: at}
}

// launchCollector runs the built collector on the database until the benchmark ends.
func launchCollector(b *testing.B, dsn string) endpoints {
	b.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(b, err)
	program := filepath.Join(root, "bin", "otelcol-costkey")
	require.FileExists(b, program, "run `make build` first")
	addresses := freeAddresses(b, 5)
	cmd := exec.Command(program, "--config", filepath.Join(root, "config", "quickstart.yaml"))
	cmd.Env = append(os.Environ(), "COSTKEY_DATABASE_URL="+dsn, "COSTKEY_DATA_DIR="+b.TempDir(),
		"GOGC=200", // as scripts/run.sh has it
		"COSTKEY_OTLP_GRPC_ENDPOINT="+addresses[0], "COSTKEY_OTLP_HTTP_ENDPOINT="+addresses[1],
		"COSTKEY_HEALTH_ENDPOINT="+addresses[2], "COSTKEY_RECEIVER_ENDPOINT="+addresses[4], "COSTKEY_METRICS_PORT="+addresses[3][strings.LastIndex(addresses[3], ":")+1:])
	require.NoError(b, cmd.Start())
	b.Cleanup(func() {
		require.NoError(b, cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(b, cmd.Wait())
	})
	require.Eventually(b, func() bool {
		resp, err := http.Get(fmt.Sprintf("http://%s/", addresses[2]))
		if err != nil {
			return false
		}
		defer func() { _ = resp.Body.Close() }()
		return resp.StatusCode == http.StatusOK
	}, time.Minute, 50*time.Millisecond)
	http.DefaultClient.CloseIdleConnections()
	return endpoints{grpc: addresses[0], http: addresses[1], sdk: addresses[4], metrics: addresses[3]}
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
