package costkey

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	sdkresource "go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/costkey/costkey-otel/semconv"
)

// fakeExporter answers as its function says and counts the spans it took.
type fakeExporter struct {
	export func(ctx context.Context) error
	calls  atomic.Int64
	taken  atomic.Int64
}

func (f *fakeExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	f.calls.Add(1)
	err := f.export(ctx)
	if err == nil {
		f.taken.Add(int64(len(spans)))
	}
	return err
}

func (f *fakeExporter) Shutdown(context.Context) error { return nil }

func newTestProvider(f *fakeExporter) (*tracerProvider, *bytes.Buffer) {
	var log bytes.Buffer
	report := &reporter{log: slog.New(slog.NewTextHandler(&log, nil))}
	return newTracerProvider(newExporter(f, report), sdkresource.Empty()), &log
}

func endSpans(p *tracerProvider, n int) {
	tracer := p.Tracer(semconv.ScopeInstrumentation)
	for range n {
		_, s := tracer.Start(context.Background(), "chat")
		s.End()
	}
}

func unreachable() error {
	return fmt.Errorf("post: %w", &net.OpError{Op: "dial", Err: errors.New("connection refused")})
}

func TestWhatTheQueueHasNoRoomForIsCountedAndSaidOnce(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	f := &fakeExporter{export: func(context.Context) error { <-release; return nil }}
	p, log := newTestProvider(f)
	const ended = queueSize + 3*batchSize
	endSpans(p, ended)
	dropped := p.exporter.dropped.Load()
	if dropped < batchSize || dropped > 3*batchSize {
		t.Errorf("%d dropped", dropped)
	}
	close(release)
	if err := p.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := p.exporter.waiting.Load(); n != 0 {
		t.Errorf("%d still take room", n)
	}
	if f.taken.Load()+dropped != ended {
		t.Errorf("%d exported and %d dropped of %d", f.taken.Load(), dropped, ended)
	}
	if text := log.String(); strings.Count(text, "\n") != 2 || !strings.Contains(text, fmt.Sprintf("spans=%d", dropped)) {
		t.Errorf("log: %s", text)
	}
}

func TestACollectorThatIsRestartedLosesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, arrived := &fakeExporter{}, make(chan struct{})
		f.export = func(context.Context) error {
			if f.calls.Load() < 4 {
				return unreachable()
			}
			close(arrived)
			return nil
		}
		p, log := newTestProvider(f)
		endSpans(p, 3)
		<-arrived
		synctest.Wait()
		if f.taken.Load() != 3 || f.calls.Load() != 4 || log.Len() != 0 {
			t.Errorf("%d spans after %d tries, log: %s", f.taken.Load(), f.calls.Load(), log)
		}
		if err := p.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestShutdownGivesUpAfterTheFirstBatchThatFails(t *testing.T) {
	t.Parallel()
	var tries atomic.Int64
	f := &fakeExporter{}
	p, log := newTestProvider(f)
	f.export = func(ctx context.Context) error {
		<-p.exporter.closing
		if ctx.Err() != nil {
			return ctx.Err()
		}
		tries.Add(1)
		return unreachable()
	}
	endSpans(p, 5*batchSize)
	err := p.Shutdown(t.Context())
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("flush %d spans", 5*batchSize)) || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("error %v", err)
	}
	if strings.Count(log.String(), "\n") != 1 {
		t.Errorf("log: %s", log)
	}
	if n := tries.Load(); n != 1 {
		t.Errorf("%d batches were tried", n)
	}
}

func TestUnsampledSpansTakeNoRoom(t *testing.T) {
	t.Parallel()
	f := &fakeExporter{export: func(context.Context) error { return nil }}
	p, _ := newTestProvider(f)
	p.others = sdktrace.NewTracerProvider(sdktrace.WithSampler(recordOnly{}), sdktrace.WithSpanProcessor(newQueue(p.exporter)))
	_, s := p.Tracer("other").Start(t.Context(), "x")
	s.End()
	if n := p.exporter.waiting.Load(); n != 0 {
		t.Errorf("%d waiting", n)
	}
	if err := p.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
}

type recordOnly struct{}

func (recordOnly) Description() string { return "recordOnly" }

func (recordOnly) ShouldSample(sdktrace.SamplingParameters) sdktrace.SamplingResult {
	return sdktrace.SamplingResult{Decision: sdktrace.RecordOnly}
}

func TestRefusalsAreTold(t *testing.T) {
	t.Parallel()
	for text, c := range map[string]struct {
		err  error
		want bool
	}{
		"traces over HTTP, 401":               {errors.New("traces export: failed to send to http://h/v1/traces: 401 Unauthorized (body: invalid key)"), true},
		"metrics over HTTP, 403":              {errors.New("failed to upload metrics: failed to send metrics to http://h/v1/metrics: 403 Forbidden"), true},
		"a server error whose text holds 401": {errors.New("failed to send to http://h/v1/traces: 500 Internal (body: failed: 401)"), false},
		"gRPC, unauthenticated":               {fmt.Errorf("export: %w", status.Error(codes.Unauthenticated, "invalid key")), true},
		"gRPC, permission denied":             {status.Error(codes.PermissionDenied, "no"), true},
		"gRPC, unavailable":                   {status.Error(codes.Unavailable, "no"), false},
		"nobody listens":                      {unreachable(), false},
	} {
		if got := isRefused(c.err); got != c.want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestALongErrorIsCut(t *testing.T) {
	t.Parallel()
	if got := short(errors.New(strings.Repeat("ä \n", 400))); len(got) > 310 || strings.Contains(got, "\n") {
		t.Errorf("%d bytes: %s", len(got), got)
	}
}
