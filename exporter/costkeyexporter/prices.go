package costkeyexporter

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	"go.uber.org/zap"

	"github.com/costkey/costkey-otel/pricing"
)

// pricesInterval is how often the files with prices are looked at. They are read, not watched: a Kubernetes volume swaps a
// symbolic link two directories up, network file systems tell of nothing, and the files are small.
const pricesInterval = 5 * time.Second

// prices are those in force: the built-in catalogue or the newer one of `catalogue_file`, with those of `prices_file` on
// top. current is safe for concurrent use, and so is what the metrics read; the rest is start's, stop's and the one
// goroutine's between them.
type prices struct {
	table  atomic.Pointer[pricing.Table]
	base   *pricing.Catalogue // what table is made of
	ours   []byte             // what prices_file said then; nil is nothing
	logger *zap.Logger
	now    func() time.Time
	report func(*componentstatus.Event)

	catalogue priceFile
	own       priceFile
	staleTold time.Time // the day of the catalogue whose age was told last

	refused metric.Int64Counter // files that could not be used, by option
	gauge   metric.Registration // nil where nobody asks for metrics
	cancel  context.CancelFunc
	done    sync.WaitGroup
}

func newPrices(catalogueFile, pricesFile string, logger *zap.Logger) *prices {
	p := &prices{
		base: pricing.BuiltIn(), logger: logger, now: time.Now,
		report: func(*componentstatus.Event) {}, cancel: func() {}, refused: noop.Int64Counter{},
		catalogue: priceFile{option: "catalogue_file", path: catalogueFile},
		own:       priceFile{option: "prices_file", path: pricesFile},
	}
	p.table.Store(p.base.Table())
	return p
}

// current returns the prices in force. A caller keeps it for a whole batch, so that a batch has one version.
func (p *prices) current() *pricing.Table { return p.table.Load() }

// start reads the files, and again whenever they change. A file that can't be used is an error here: calls priced without
// it would be wrong. A catalogue_file that isn't there yet is none: the built-in catalogue holds until it comes.
func (p *prices) start() error {
	base, err := p.readBase()
	if err != nil {
		return p.catalogue.wrap(err)
	}
	own, err := p.own.changed()
	if err == nil && (base != nil || own != nil) {
		err = p.adopt(base, own)
	}
	if err != nil {
		return p.own.wrap(err)
	}
	p.tellBase(base)
	p.tellAge()
	p.report(p.status())
	if p.own.path == "" && p.catalogue.path == "" {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	p.done.Go(func() { p.follow(ctx) })
	return nil
}

// stop may be called without start, and twice.
func (p *prices) stop() error {
	p.cancel()
	p.done.Wait()
	if p.gauge == nil {
		return nil
	}
	if err := p.gauge.Unregister(); err != nil {
		return fmt.Errorf("stop observing the catalogue's age: %w", err)
	}
	return nil
}

func (p *prices) follow(ctx context.Context) {
	ticker := time.NewTicker(pricesInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			p.reload(ctx)
		}
	}
}

// reload takes what the files hold now. One that can't be used leaves what it last gave, is told once, and does not keep
// the other from being taken.
func (p *prices) reload(ctx context.Context) {
	base, errBase := p.readBase()
	own, errOwn := p.own.changed()
	took := false
	if base != nil || own != nil {
		err := p.adopt(base, own)
		took = err == nil
		if err != nil && base != nil && own != nil { // the catalogue may still go with what prices_file said before
			took = p.adopt(base, nil) == nil
		}
		if errOwn == nil {
			errOwn = err
		}
	}
	if took && base != nil {
		p.tellBase(base)
	}
	turned := p.outcome(ctx, &p.catalogue, errBase)
	turned = p.outcome(ctx, &p.own, errOwn) || turned
	if own != nil && errOwn == nil {
		p.logger.Info("Prices are those of the changed prices_file.", zap.String("version", p.current().Version()))
	}
	if turned || (took && p.failure() == nil) {
		p.report(p.status())
	}
	p.tellAge()
}

// outcome tells what is wrong with a file, once, or that nothing is any more, and reports whether that is news.
func (p *prices) outcome(ctx context.Context, f *priceFile, err error) (turned bool) {
	switch {
	case err == nil:
		turned = f.failed != nil
		if turned {
			p.logger.Info("The "+f.option+" can be used again.", zap.String("version", p.current().Version()))
		}
	case f.failed == nil || err.Error() != f.failed.Error():
		turned = true
		p.logger.Error("The changed "+f.option+" can't be used; the prices before it stay.", zap.Error(err))
		add(ctx, p.refused, 1, "option", f.option)
	}
	f.failed = err
	return turned
}

// adopt puts a catalogue and a user's own prices in force, both or neither; nil is the one in force.
func (p *prices) adopt(base *pricing.Catalogue, own []byte) error {
	newBase, newOwn := base != nil, own != nil
	if !newBase {
		base = p.base
	}
	if !newOwn {
		own = p.ours
	}
	table, err := base.WithOwn(own)
	if err != nil {
		return fmt.Errorf("read %s on the catalogue of %s: %w", p.own.path, base.Table().AsOf().Format(time.DateOnly), err)
	}
	if newBase {
		p.catalogue.keep()
	}
	if newOwn {
		p.own.keep()
	}
	p.base, p.ours = base, own
	p.table.Store(table)
	return nil
}
