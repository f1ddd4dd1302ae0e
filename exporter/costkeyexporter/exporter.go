package costkeyexporter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
	xstorage "go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/costkey/costkey-otel/exporter/costkeyexporter/internal/writebehind"
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
// only those on. Behind the queue, push resolves, prices and writes them.
type tracesExporter struct {
	exporter.Traces // the queue, batching, retry and time-out of exporterhelper

	cfg       *Config
	logger    *zap.Logger
	telemetry *telemetry
	reader    *genaispan.Reader
	prices    *prices
	findStore func(component.Host) (callWriter, int32, error) // storeOf, but in tests
	store     callWriter                                      // set by start
	settings  projectSettings
	queue     queueKind
	group     *groupCommit // in front of a queue on disk
	progress  *progress
	status    *status
	gauge     metric.Registration // of progress
	needsKey  bool                // set by start

	toldProjects namedOnce // beyond the limit
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
		status:    new(status),
	}
	e.findStore, e.prices.report = e.storeOf, e.status.ofPrices
	e.progress = newProgress(cfg.UnhealthyAfter, set.Logger, e.status.ofWrites)
	if err := e.observe(set.MeterProvider.Meter(scopeName)); err != nil {
		return nil, fmt.Errorf("make metrics: %w", err)
	}
	e.Traces, err = xexporterhelper.NewTracesRequest(ctx, set, requestFromContext, e.push,
		exporterhelper.WithStart(e.start),
		exporterhelper.WithShutdown(e.shutdown),
		exporterhelper.WithCapabilities(consumer.Capabilities{MutatesData: false}),
		exporterhelper.WithTimeout(cfg.Timeout),
		exporterhelper.WithRetry(cfg.helpersRetry()),
		xexporterhelper.WithQueueBatch(cfg.Queue, xexporterhelper.QueueBatchSettings{
			ReferenceCounter: referenceCounter{},
			Encoding:         encoding{},
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("make the sending queue: %w", err)
	}
	e.group = newGroupCommit(cfg, set.Logger, e.enqueue, tel.accept)
	return e, nil
}

// observe makes the metrics that are read when they are asked for, until shutdown.
func (e *tracesExporter) observe(meter metric.Meter) (err error) {
	if err := e.prices.observe(meter); err != nil {
		return err
	}
	e.gauge, err = e.progress.observe(meter)
	return err
}

// start finds the store; it runs before the queue's consumers.
func (e *tracesExporter) start(_ context.Context, host component.Host) error {
	store, connections, err := e.findStore(host)
	if err != nil {
		return err
	}
	e.store, e.settings.source = store, store
	e.needsKey = needsKey(e.cfg.Authenticated, host)
	for _, warning := range e.cfg.warnings(connections) {
		e.logger.Warn(warning)
	}
	return e.prices.start()
}

// storeOf returns the store of the extension that `storage` names, and how many connections it has.
func (e *tracesExporter) storeOf(host component.Host) (callWriter, int32, error) {
	ext, ok := host.GetExtensions()[e.cfg.Storage]
	if !ok {
		return nil, 0, fmt.Errorf("find the extension that `storage` names: no extension %q in service::extensions", e.cfg.Storage)
	}
	provider, ok := ext.(storeProvider)
	if !ok {
		return nil, 0, fmt.Errorf("use the extension that `storage` names: %q is no costkey_storage extension", e.cfg.Storage)
	}
	store := provider.Store()
	return store, store.PoolStats().Max, nil
}

// shutdown runs when the queue's consumers are done.
func (e *tracesExporter) shutdown(context.Context) error {
	return errors.Join(e.prices.stop(), e.gauge.Unregister())
}

// ConsumeTraces reads td into calls and queues them; it returns when they are safe. td itself is left as it is and not kept.
func (e *tracesExporter) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	r, err := e.read(ctx, td)
	if err != nil || len(r.calls) == 0 {
		r.release()
		return permanent(err)
	}
	accepted := r.accepted()
	switch e.queue {
	case queueOnDisk:
		p := part{packed: pack(r.calls), n: len(r.calls)}
		r.release() // others read while this one waits
		return e.group.commit(ctx, p, accepted)
	case queueInMemory:
		req := newRequest(slices.Clone(r.calls))
		r.release()
		err = e.enqueue(withoutMetadata(ctx), req)
	case noQueue:
		err = e.enqueue(withoutMetadata(ctx), newRequest(r.calls))
		r.release()
	}
	if err == nil {
		e.telemetry.accept(ctx, accepted)
	}
	return err
}

// permanent marks an error that the same spans would meet again; nil stays nil.
func permanent(err error) error {
	if err == nil {
		return nil
	}
	return consumererror.NewPermanent(err)
}

// enqueue puts req into the queue or, without one, writes it.
func (e *tracesExporter) enqueue(ctx context.Context, req *request) error {
	return e.Traces.ConsumeTraces(context.WithValue(ctx, requestKey{}, req), ptrace.NewTraces())
}

// Start starts the queue and what is behind it. The queue's file is written behind, since writes to the store may be repeated.
func (e *tracesExporter) Start(ctx context.Context, host component.Host) error {
	e.status.start(func(event *componentstatus.Event) { componentstatus.ReportStatus(host, event) })
	return e.Traces.Start(ctx, e.hostOfQueue(host))
}

// hostOfQueue is host with a storage for the queue that writes behind.
func (e *tracesExporter) hostOfQueue(host component.Host) component.Host {
	if e.queue != queueOnDisk {
		return host
	}
	extensions := maps.Clone(host.GetExtensions())
	id := *e.cfg.Queue.Get().StorageID
	if ext, ok := extensions[id].(xstorage.Extension); ok {
		extensions[id] = writebehind.Wrap(ext, e.logger)
	}
	return queueHost{Host: host, extensions: extensions}
}

// queueHost is a collector with other extensions.
type queueHost struct {
	component.Host
	extensions map[component.ID]component.Component
}

func (h queueHost) GetExtensions() map[component.ID]component.Component { return h.extensions }

// Shutdown lets what is on its way into the queue arrive, and stops the queue and what is behind it.
func (e *tracesExporter) Shutdown(ctx context.Context) error {
	e.status.stop()
	e.group.stop()
	return e.Traces.Shutdown(ctx)
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
