package costkeyexporter

import (
	"context"
	"fmt"

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
