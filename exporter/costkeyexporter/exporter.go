package costkeyexporter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/storage"
)

// callWriter is what the exporter needs of storage.
type callWriter interface {
	WriteCalls(ctx context.Context, calls []storage.Call, links ...storage.Link) (storage.WriteResult, error)
	projectReader
}

// storeProvider is what the storage extension offers.
type storeProvider interface {
	Store() *storage.Store
}

// tracesExporter stands in front of the collector's queue: it reads spans into calls, fixes their project, and hands
// only those on. Behind the queue, push settles, prices and writes them.
type tracesExporter struct {
	exporter.Traces // the queue, batching, retry and time-out of exporterhelper

	cfg       *Config
	logger    *zap.Logger
	telemetry *telemetry
	reader    *genaispan.Reader
	prices    *prices
	store     callWriter // set by start
	settings  projectSettings
	needsKey  bool // set by start
}

func newTraces(ctx context.Context, set exporter.Settings, cfg *Config) (*tracesExporter, error) {
	tel, err := newTelemetry(set.TelemetrySettings)
	if err != nil {
		return nil, fmt.Errorf("make metrics: %w", err)
	}
	e := &tracesExporter{
		cfg:       cfg,
		logger:    set.Logger,
		telemetry: tel,
		reader:    genaispan.NewReader(genaispan.Settings{CaptureBody: cfg.CaptureBody, Tags: cfg.Tags}),
		prices:    newPrices(cfg.PricesFile, set.Logger),
		settings:  projectSettings{logger: set.Logger, now: time.Now},
	}
	e.Traces, err = xexporterhelper.NewTracesRequest(ctx, set, requestFromContext, e.push,
		exporterhelper.WithStart(e.start),
		exporterhelper.WithShutdown(e.shutdown),
		exporterhelper.WithCapabilities(consumer.Capabilities{MutatesData: false}),
		exporterhelper.WithTimeout(cfg.Timeout),
		exporterhelper.WithRetry(cfg.Retry),
		xexporterhelper.WithQueueBatch(cfg.Queue, xexporterhelper.QueueBatchSettings{
			ReferenceCounter: referenceCounter{},
			Encoding:         encoding{},
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("make the sending queue: %w", err)
	}
	return e, nil
}

// start finds the store; it runs before the queue's consumers.
func (e *tracesExporter) start(_ context.Context, host component.Host) error {
	ext, ok := host.GetExtensions()[e.cfg.Storage]
	if !ok {
		return fmt.Errorf("find the extension that `storage` names: no extension %q in service::extensions", e.cfg.Storage)
	}
	provider, ok := ext.(storeProvider)
	if !ok {
		return fmt.Errorf("use the extension that `storage` names: %q is no costkey_storage extension", e.cfg.Storage)
	}
	e.store = provider.Store()
	e.settings.source = e.store
	e.needsKey = needsKey(e.cfg.Authenticated, host)
	return e.prices.start(host)
}

// shutdown runs when the queue's consumers are done.
func (e *tracesExporter) shutdown(context.Context) error {
	e.prices.stop()
	return nil
}

// ConsumeTraces reads td into calls and queues them. td itself is left as it is and not kept.
func (e *tracesExporter) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	req, err := e.read(ctx, td)
	if err != nil {
		return consumererror.NewPermanent(err)
	}
	if req == nil {
		return nil
	}
	if err := e.Traces.ConsumeTraces(context.WithValue(withoutMetadata(ctx), requestKey{}, req), td); err != nil {
		return err
	}
	add(ctx, e.telemetry.accepted, req.accepted, "", "")
	return nil
}

// requestKey carries a request past exporterhelper's converter, which would else read td a second time.
type requestKey struct{}

var errNoRequest = errors.New("no request in the context")

func requestFromContext(ctx context.Context, _ ptrace.Traces) (xexporterhelper.Request, error) {
	req, ok := ctx.Value(requestKey{}).(*request)
	if !ok {
		return nil, errNoRequest
	}
	return req, nil
}

// rowBuffers hold the rows of a batch; a batch is some megabytes, several times a second.
var rowBuffers = sync.Pool{New: func() any { return new([]storage.Call) }}

// push settles, prices and writes one batch. It runs behind the queue, several batches at once.
func (e *tracesExporter) push(ctx context.Context, r xexporterhelper.Request) error {
	req, ok := r.(*request)
	if !ok {
		return consumererror.NewPermanent(fmt.Errorf("write calls: unexpected request type %T", r))
	}
	joined := req.settle()
	buffer := rowBuffers.Get().(*[]storage.Call)
	defer func() {
		clear(*buffer) // the strings of a batch must not live until the next
		rowBuffers.Put(buffer)
	}()
	*buffer = slices.Grow((*buffer)[:0], len(req.calls))
	notes := make(map[string]int)
	settings, table := e.settings.current(ctx), e.prices.current()
	for i := range req.calls {
		if req.calls[i].Outer {
			continue
		}
		n := len(*buffer)
		*buffer = (*buffer)[:n+1] // cleared when it was put back
		row := &(*buffer)[n]
		stored(table, &req.calls[i], row)
		addDefaultTags(row, settings.tags[row.Project])
		for _, note := range row.Notes {
			notes[note]++
		}
	}
	res, err := e.store.WriteCalls(ctx, *buffer, req.links()...)
	if err != nil {
		return e.writeFailed(ctx, err, len(*buffer))
	}
	res.Settled += joined
	e.telemetry.outcome(ctx, res)
	for note, n := range notes {
		add(ctx, e.telemetry.noted, n, "note", note)
	}
	for reason, n := range res.SetAside {
		e.logger.Warn("Calls set aside.", zap.String("reason", string(reason)), zap.Int("calls", n))
	}
	return nil
}

// writeFailed tells exporterhelper whether to try again.
func (e *tracesExporter) writeFailed(ctx context.Context, err error, calls int) error {
	if storage.IsRetryable(err) {
		return err
	}
	add(ctx, e.telemetry.dropped, calls, "reason", "refused")
	return consumererror.NewPermanent(err)
}
