package costkeyauth

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// taking is an OTLP server that takes everything.
type taking struct {
	ptraceotlp.UnimplementedGRPCServer
}

func (*taking) Export(context.Context, ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	return ptraceotlp.NewExportResponse(), nil
}

// serve runs an OTLP server behind the extension and returns a client of it.
func serve(t *testing.T, e *Extension) ptraceotlp.GRPCClient {
	t.Helper()
	options, err := e.GetGRPCServerOptions(t.Context())
	require.NoError(t, err)
	server := grpc.NewServer(options...)
	ptraceotlp.RegisterGRPCServer(server, &taking{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, conn.Close())
		server.Stop()
		assert.NoError(t, <-served)
	})
	return ptraceotlp.NewGRPCClient(conn)
}

func request(resources, spans int) ptraceotlp.ExportRequest {
	td := ptrace.NewTraces()
	for range resources {
		list := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
		for range spans {
			list.AppendEmpty()
		}
	}
	return ptraceotlp.NewExportRequestFromTraces(td)
}

func TestOverGRPCEachSpanCounts(t *testing.T) {
	t.Parallel()
	e, keys, _ := newTest(t, func(c *Config) { c.RateLimit.CallsPerSecond = 10 }) // 100 at once
	client := serve(t, e)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+keys.add("shop", nil))
	for range 2 {
		_, err := client.Export(ctx, request(2, 25))
		require.NoError(t, err)
	}
	_, err := client.Export(ctx, request(1, 1))
	assert.Equal(t, codes.ResourceExhausted, status.Code(err), "the 101st span")
}

func TestWhatHasNoSpansCountsAsOne(t *testing.T) {
	t.Parallel()
	type other struct{ ResourceSpans string }
	for _, req := range []any{nil, 7, "text", (*other)(nil), &other{}, struct{ ResourceLogs []int }{}, request(0, 0)} {
		assert.Equal(t, 1, spansIn(req), "%T", req)
	}
}
