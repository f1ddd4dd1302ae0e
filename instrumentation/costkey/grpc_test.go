package costkey_test

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/costkey/costkey-otel/instrumentation/costkey"
	"github.com/costkey/costkey-otel/instrumentation/costkeyhttp"
)

type grpcReceiver struct {
	ptraceotlp.UnimplementedGRPCServer
	refuse bool
	mu     sync.Mutex
	spans  int
}

func (g *grpcReceiver) Export(_ context.Context, in ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	if g.refuse {
		return ptraceotlp.NewExportResponse(), status.Error(codes.Unauthenticated, "invalid key")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.spans += in.Traces().SpanCount()
	return ptraceotlp.NewExportResponse(), nil
}

func serveGRPC(t *testing.T, g *grpcReceiver) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	ptraceotlp.RegisterGRPCServer(s, g)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return "http://" + l.Addr().String()
}

func TestSpansGoOverGRPCWhereTheProtocolSaysSo(t *testing.T) {
	clearEnv(t)
	g, p := &grpcReceiver{}, newProvider(t)
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", serveGRPC(t, g))
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
	shutdown := setUp(t)
	chat(t.Context(), t, costkey.HTTPClient(costkeyhttp.WithProvider(p.host(), "openai")), p)
	mustShutDown(t, shutdown)
	if g.spans != 2 {
		t.Errorf("%d spans", g.spans)
	}
}

func TestARefusalOverGRPCIsSaidOnce(t *testing.T) {
	clearEnv(t)
	g, p := &grpcReceiver{refuse: true}, newProvider(t)
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", serveGRPC(t, g))
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc")
	var log logbook
	shutdown := setUp(t, log.option())
	chat(t.Context(), t, costkey.HTTPClient(costkeyhttp.WithProvider(p.host(), "openai")), p)
	if err := shutdown(t.Context()); err == nil {
		t.Error("shutdown hides that the spans are lost")
	}
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "refuses the key") {
		t.Errorf("log: %s", text)
	}
}
