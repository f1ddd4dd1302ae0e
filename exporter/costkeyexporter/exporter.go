package costkeyexporter

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	WriteCalls(ctx context.Context, calls []storage.Call, links ...storage.Node) (storage.WriteResult, error)
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
	queue     queueKind
	needsKey  bool // set by start
}

// queueKind says who keeps the calls of a sender while they wait.
type queueKind int

const (
	queueInMemory queueKind = iota
	queueOnDisk
	noQueue // the sender waits for the write
)

func (c *Config) queueKind() queueKind {
	switch q := c.Queue.Get(); {
	case q == nil:
		return noQueue
	case q.StorageID != nil:
		return queueOnDisk
	default:
		return queueInMemory
	}
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
		prices:    newPrices(cfg.CatalogueFile, cfg.PricesFile, set.Logger),
		settings:  projectSettings{logger: set.Logger, now: time.Now},
		queue:     cfg.queueKind(),
	}
	if err := e.prices.observe(set.MeterProvider.Meter(scopeName)); err != nil {
		return nil, fmt.Errorf("make metrics: %w", err)
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
	return e.prices.stop()
}

// ConsumeTraces reads td into calls and queues them. td itself is left as it is and not kept.
func (e *tracesExporter) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	buffer := slices.Grow(readBuffers.take(), td.SpanCount())
	req, err := e.read(ctx, td, buffer)
	if req == nil || e.queue != queueInMemory { // which keeps the calls
		defer readBuffers.release(buffer, td.SpanCount())
	}
	if err != nil {
		return consumererror.NewPermanent(err)
	}
	if req == nil {
		return nil
	}
	if e.queue == queueOnDisk {
		req.parts[0] = part{packed: pack(req.parts[0].calls), n: req.items}
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

// push settles, prices and writes one batch. It runs behind the queue, several batches at once.
func (e *tracesExporter) push(ctx context.Context, r xexporterhelper.Request) error {
	req, ok := r.(*request)
	if !ok {
		return consumererror.NewPermanent(fmt.Errorf("write calls: unexpected request type %T", r))
	}
	b := batch{}
	defer b.release()
	b.open(req)
	if err := b.price(ctx, e); err != nil {
		return err // to be tried again
	}
	res, err := e.store.WriteCalls(ctx, b.rows, linksOf(b.calls)...)
	if storage.IsRetryable(err) {
		return err
	}
	e.countLost(ctx, &b)
	if err != nil {
		add(ctx, e.telemetry.dropped, len(b.rows), "reason", "refused")
		return consumererror.NewPermanent(err)
	}
	res.Joined += b.joined
	e.telemetry.outcome(ctx, res)
	for note, n := range b.notes {
		add(ctx, e.telemetry.noted, n, "note", note)
	}
	b.disagreeing.count(ctx, e.telemetry.disagreed)
	for reason, n := range res.SetAside {
		e.logger.Warn("Calls set aside.", zap.String("reason", string(reason)), zap.Int("calls", n))
	}
	return nil
}

// countLost tells of calls that stood in the queue's file and can't be read any more.
func (e *tracesExporter) countLost(ctx context.Context, b *batch) {
	if b.lost > 0 {
		add(ctx, e.telemetry.dropped, b.lost, "reason", "damaged")
		e.logger.Error("Queued calls lost.", zap.Int("calls", b.lost), zap.Error(b.damage))
	}
}
