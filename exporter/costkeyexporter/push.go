package costkeyexporter

import (
	"context"
	"fmt"
	"sync"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
	"go.uber.org/zap"

	"github.com/costkey/costkey-otel/genaispan"
	"github.com/costkey/costkey-otel/storage"
)

// push resolves, prices and writes one batch. It runs behind the queue, several batches at once, and again with the same
// request where an error says that the write may succeed later.
func (e *tracesExporter) push(ctx context.Context, r xexporterhelper.Request) error {
	req, ok := r.(*request)
	if !ok {
		return consumererror.NewPermanent(fmt.Errorf("write calls: unexpected request type %T", r))
	}
	e.progress.begin(req)
	b := batch{}
	defer b.release()
	b.open(req)
	if err := b.price(ctx, e); err != nil {
		return e.failed(ctx, req, &b, err)
	}
	res, err := e.store.WriteCalls(ctx, b.rows, linksOf(b.calls)...)
	switch {
	case storage.IsRetryable(err):
		return e.failed(ctx, req, &b, err)
	case err != nil:
		e.progress.failed(req, err)
		return e.drop(ctx, req, &b, "refused", err)
	}
	e.progress.wrote(req)
	e.wrote(ctx, &b, res)
	return nil
}

// wrote counts and tells what became of a batch that storage took.
func (e *tracesExporter) wrote(ctx context.Context, b *batch, res storage.WriteResult) {
	e.countLost(ctx, b)
	res.Joined += b.joined
	e.telemetry.outcome(ctx, res)
	e.limited(ctx, res.DeadLettered, res.Overflowed)
	e.redirected(ctx, res.Redirected)
	for note, n := range b.notes {
		add(ctx, e.telemetry.noted, n, "note", note)
	}
	b.disagreeing.count(ctx, e.telemetry.disagreed)
	for reason, n := range res.SetAside {
		e.logger.Warn("Calls set aside.", zap.String("reason", string(reason)), zap.Int("calls", n))
	}
}

// failed returns the error of a batch that may be written later: as it is, so that it is tried again, or as a permanent one
// where the configuration bounds the tries.
func (e *tracesExporter) failed(ctx context.Context, req *request, b *batch, err error) error {
	tried := e.progress.failed(req, err)
	if e.cfg.senderWaits() {
		e.progress.forget(req) // the sender has its calls, and need not come again
		return err
	}
	if reason := e.cfg.givesUp(tried); reason != "" {
		return e.drop(ctx, req, b, reason, err)
	}
	return err
}

// drop gives a batch up, and counts its calls.
func (e *tracesExporter) drop(ctx context.Context, req *request, b *batch, reason string, err error) error {
	e.progress.forget(req)
	e.countLost(ctx, b)
	add(ctx, e.telemetry.dropped, genaispan.Leaves(b.calls), "reason", reason)
	return consumererror.NewPermanent(err)
}

// countLost tells of calls that stood in the queue's file and can't be read any more.
func (e *tracesExporter) countLost(ctx context.Context, b *batch) {
	if b.lost > 0 {
		add(ctx, e.telemetry.dropped, b.lost, "reason", "damaged")
		e.logger.Error("Queued calls lost.", zap.Int("calls", b.lost), zap.Error(b.damage))
	}
}

// maxTold bounds the names of which it is remembered that the log told them. No more are told.
const maxTold = 1000

// namedOnce are names that the log told. The zero value is empty. It is safe for concurrent use.
type namedOnce struct {
	mu    sync.Mutex
	names map[string]bool
}

// first reports whether the log is to tell name now.
func (t *namedOnce) first(name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.names[name] || len(t.names) == maxTold {
		return false
	}
	if t.names == nil {
		t.names = make(map[string]bool)
	}
	t.names[name] = true
	return true
}

// redirected counts the calls of projects beyond the limit, and names each such project once.
func (e *tracesExporter) redirected(ctx context.Context, byProject map[string]int) {
	for project, n := range byProject {
		add(ctx, e.telemetry.redirected, n, "", "")
		if !e.toldProjects.first(project) {
			continue
		}
		e.logger.Warn("Calls of a project beyond project_limit of costkey_storage are stored in the project default. "+
			"Make the project (costkey projects create) or raise the limit.", zap.String("project", project), zap.Int("calls", n))
	}
}

// limited counts and tells what storage kept elsewhere than a sender meant: calls in the dead-letter table, by reason, and
// calls of which a dimension is "(other)", since their project has more values than it may.
func (e *tracesExporter) limited(ctx context.Context, deadLettered map[storage.Reason]int, overflowed int) {
	for reason, n := range deadLettered {
		add(ctx, e.telemetry.deadLettered, n, "reason", string(reason))
		e.logger.Error("Calls put into the dead-letter table.", zap.String("reason", string(reason)), zap.Int("calls", n))
	}
	add(ctx, e.telemetry.overflowed, overflowed, "", "")
	if overflowed > 0 {
		e.logger.Warn(`Calls stored under "(other)": their project is over its limit of distinct values.`, zap.Int("calls", overflowed))
	}
}
