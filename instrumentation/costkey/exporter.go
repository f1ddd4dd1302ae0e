package costkey

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	queueSize = 16_384 // spans that may wait for the exporter
	batchSize = 512    // spans of one request

	firstRetry = time.Second
	maxRetry   = 8 * time.Second
)

// queue is a batch processor that counts what it has no room for. The SDK's own count is not to be read.
type queue struct {
	sdktrace.SpanProcessor
	exporter *exporter
}

func newQueue(exp *exporter) *queue {
	return &queue{exporter: exp, SpanProcessor: sdktrace.NewBatchSpanProcessor(exp,
		sdktrace.WithMaxQueueSize(queueSize+batchSize), // never the one that is full
		sdktrace.WithMaxExportBatchSize(batchSize),
	)}
}

// OnEnd queues a sampled span, or counts it where too many wait.
func (q *queue) OnEnd(s sdktrace.ReadOnlySpan) {
	if !s.SpanContext().IsSampled() {
		return
	}
	e := q.exporter
	if e.waiting.Add(1) > queueSize {
		e.waiting.Add(-1)
		e.dropped.Add(1)
		e.report.once(slog.LevelWarn, "full", "the span queue is full, spans are dropped; shutdown tells how many", "queue_size", queueSize)
		return
	}
	q.SpanProcessor.OnEnd(s)
}

// exporter sends batches, counts those it could not send, and says each kind of reason once. To its processor it never
// fails: that would hand every error to OpenTelemetry's global handler.
type exporter struct {
	sdktrace.SpanExporter
	report *reporter

	waiting, dropped, lost atomic.Int64
	firstErr               atomic.Pointer[error]

	closing   chan struct{} // closed when shutdown begins: no more second tries
	closeOnce sync.Once
	halted    context.Context // ends when shutdown gives up
	halt      context.CancelFunc
}

func newExporter(base sdktrace.SpanExporter, report *reporter) *exporter {
	e := &exporter{SpanExporter: base, report: report, closing: make(chan struct{})}
	e.halted, e.halt = context.WithCancel(context.Background())
	return e
}

// ExportSpans sends one batch. It returns nil always; see [exporter.undelivered].
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	e.waiting.Add(-int64(len(spans)))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.halted, cancel)()
	if err := e.send(ctx, spans); err != nil {
		if e.isClosing() { // one batch that fails at the end speaks for the rest
			e.halt()
		}
		e.firstErr.CompareAndSwap(nil, &err)
		e.lost.Add(int64(len(spans)))
		reportFailure(e.report, "spans", err)
	}
	return nil
}

// send tries again while nobody listens at the endpoint, which the exporters for HTTP do not do: a collector that is
// being restarted loses nothing.
func (e *exporter) send(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if err := e.halted.Err(); err != nil { // ctx follows a moment later
		return err
	}
	for wait := firstRetry; ; wait = min(2*wait, maxRetry) {
		err := e.SpanExporter.ExportSpans(ctx, spans)
		if err == nil || !isUnreachable(err) || !e.pause(ctx, wait) {
			return err
		}
	}
}

// pause waits and reports whether another try is due.
func (e *exporter) pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	case <-e.closing:
		return false
	}
}

// beginShutdown ends all waiting for an endpoint.
func (e *exporter) beginShutdown() { e.closeOnce.Do(func() { close(e.closing) }) }

func (e *exporter) isClosing() bool {
	select {
	case <-e.closing:
		return true
	default:
		return false
	}
}

// undelivered returns an error where spans were lost since the count was before.
func (e *exporter) undelivered(before int64) error {
	n := e.lost.Load() - before
	if n <= 0 {
		return nil
	}
	return fmt.Errorf("flush %d spans: %w", n, *e.firstErr.Load())
}

// reportFailure says that what ("spans", "metrics") did not arrive, and what to do about it where that is known.
func reportFailure(r *reporter, what string, err error) {
	if isRefused(err) {
		r.once(slog.LevelError, what+" refused", "the endpoint refuses the key, "+what+" are lost: check the key in COSTKEY_DSN or OTEL_EXPORTER_OTLP_HEADERS", "error", short(err))
		return
	}
	r.once(slog.LevelWarn, what+" failed", "the endpoint does not take "+what+", they are lost until it does; this is said once", "error", short(err))
}

// refusal is how the exporters for HTTP word an answer of 401 or 403; they give no type.
var refusal = regexp.MustCompile(`failed to send (?:metrics )?to \S+: (?:401|403)\b`)

func isRefused(err error) bool {
	switch status.Code(err) {
	case codes.Unauthenticated, codes.PermissionDenied:
		return true
	}
	return refusal.MatchString(err.Error())
}

// isUnreachable reports whether no connection was made, so that nothing was sent.
func isUnreachable(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial" && !errors.Is(err, context.Canceled)
}

// short bounds an error's text, which may hold a whole answer.
func short(err error) string {
	const limit = 300
	text := strings.Join(strings.Fields(err.Error()), " ")
	if len(text) > limit {
		return strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return text
}
