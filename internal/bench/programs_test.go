package bench

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
)

// programs send requests that are marshalled already, by OTLP over gRPC, each on a connection of its own and one after
// the other, as SDKs do.
type programs []*grpc.ClientConn

func startPrograms(tb testing.TB, address string, count int) programs {
	tb.Helper()
	out := make(programs, count)
	for i := range out {
		conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
		require.NoError(tb, err)
		conn.Connect()
		out[i] = conn
	}
	return out
}

func (p programs) stop() {
	for _, conn := range p {
		_ = conn.Close() // closed already is as good
	}
}

// delivery says what became of requests.
type delivery struct {
	err      error           // of a program that gave up
	requests int             // answered with success
	refused  int             // tries that were answered otherwise; each was made again
	waits    []time.Duration // of a program for the answers, refused tries included, in order
}

// send hands each request to the program that is free next, and returns when all that were begun are answered. After
// limit, where it is not 0, none is begun. A program gives up where a request is refused for minutes.
func (p programs) send(requests [][]byte, limit time.Duration) delivery {
	began := time.Now()
	var next, refused atomic.Int64
	waits, errs := make([][]time.Duration, len(p)), make([]error, len(p))
	var wg sync.WaitGroup
	for i, conn := range p {
		wg.Go(func() {
			for limit == 0 || time.Since(began) < limit {
				n := int(next.Add(1)) - 1
				if n >= len(requests) {
					return
				}
				sent := time.Now()
				for errs[i] = export(conn, requests[n]); errs[i] != nil; errs[i] = export(conn, requests[n]) {
					if time.Since(sent) > refusedFor {
						return
					}
					refused.Add(1)
					<-time.After(pauseAfterRefusal)
				}
				waits[i] = append(waits[i], time.Since(sent))
			}
		})
	}
	wg.Wait()
	all := slices.Concat(waits...)
	slices.Sort(all)
	return delivery{err: errors.Join(errs...), requests: len(all), refused: int(refused.Load()), waits: all}
}

const (
	// pauseAfterRefusal is how long a program waits before it tries again. An SDK waits longer; but the queue must not run
	// dry meanwhile. To try at once would keep the collector busy with reading what it refuses.
	pauseAfterRefusal = 50 * time.Millisecond
	// refusedFor is how long a program tries.
	refusedFor = 3 * time.Minute
)

func export(conn *grpc.ClientConn, body []byte) error {
	var answer []byte
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return conn.Invoke(ctx, "/opentelemetry.proto.collector.trace.v1.TraceService/Export", body, &answer, grpc.ForceCodecV2(rawCodec{}))
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

// countingServer takes spans, after it has refused as many requests as it is told to.
type countingServer struct {
	ptraceotlp.UnimplementedGRPCServer
	refuse, spans atomic.Int64
}

func (s *countingServer) Export(_ context.Context, r ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	if s.refuse.Add(-1) >= 0 {
		return ptraceotlp.NewExportResponse(), status.Error(codes.ResourceExhausted, "full")
	}
	s.spans.Add(int64(r.Traces().SpanCount()))
	return ptraceotlp.NewExportResponse(), nil
}

func TestProgramsSendEachRequestUntilItIsTaken(t *testing.T) {
	t.Parallel()
	counting := &countingServer{}
	counting.refuse.Store(7)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	ptraceotlp.RegisterGRPCServer(server, counting)
	var serving sync.WaitGroup
	serving.Go(func() { assert.NoError(t, server.Serve(listener)) })
	sending := startPrograms(t, listener.Addr().String(), 32)
	defer func() {
		sending.stop()
		server.Stop()
		serving.Wait()
	}()

	requests := requestsOf(t, time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC), 0, 100, 10)
	got := sending.send(requests, 0)
	require.NoError(t, got.err)
	assert.Equal(t, 100, got.requests)
	assert.Equal(t, 7, got.refused)
	assert.Len(t, got.waits, 100)
	assert.EqualValues(t, 1000, counting.spans.Load())

	assert.Zero(t, sending.send(requests, time.Nanosecond).requests, "the time was over before the first")
}
