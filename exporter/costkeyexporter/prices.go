package costkeyexporter

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"

	"github.com/costkey/costkey-otel/pricing"
)

// pricesInterval is how often `prices_file` is looked at. It is read, not watched: a Kubernetes volume swaps a symbolic
// link two directories up, network file systems tell of nothing, and the file is small.
const pricesInterval = 5 * time.Second

// prices are those in force: the catalogue, with the user's own on top. current is safe for concurrent use; the rest is
// start's, stop's and the one goroutine's between them.
type prices struct {
	table  atomic.Pointer[pricing.Table]
	file   string // "" is none
	logger *zap.Logger
	report func(*componentstatus.Event)

	seen   [sha256.Size]byte // what the file held when it was last used
	failed string            // what is wrong with it, "" if nothing: told once
	cancel context.CancelFunc
	done   sync.WaitGroup
}

func newPrices(file string, logger *zap.Logger) *prices {
	p := &prices{file: file, logger: logger, report: func(*componentstatus.Event) {}, cancel: func() {}}
	p.table.Store(pricing.Embedded())
	return p
}

// current returns the prices in force. A caller keeps it for a whole batch, so that a batch has one version.
func (p *prices) current() *pricing.Table { return p.table.Load() }

// start reads the user's prices, and again whenever they change. A file that can't be used is an error here: calls priced
// without it would be wrong.
func (p *prices) start(host component.Host) error {
	if p.file == "" {
		return nil
	}
	table, err := p.read()
	if err != nil {
		return fmt.Errorf("use `prices_file`: %w", err)
	}
	p.table.Store(table)
	p.report = func(e *componentstatus.Event) { componentstatus.ReportStatus(host, e) }
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	p.done.Go(func() { p.follow(ctx) })
	return nil
}

func (p *prices) stop() {
	p.cancel()
	p.done.Wait()
}

func (p *prices) follow(ctx context.Context) {
	ticker := time.NewTicker(pricesInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			p.reload()
		}
	}
}

// reload takes a changed file. One that can't be used leaves the prices as they are, and is told once.
func (p *prices) reload() {
	table, err := p.read()
	switch {
	case err != nil && err.Error() != p.failed:
		p.failed = err.Error()
		p.logger.Error("The changed prices_file can't be used; the prices before it stay.", zap.Error(err))
		p.report(componentstatus.NewRecoverableErrorEvent(fmt.Errorf("use `prices_file`: %w", err)))
	case err == nil && (table != nil || p.failed != ""):
		if table != nil {
			p.table.Store(table)
		}
		p.failed = ""
		p.logger.Info("Prices are those of the changed prices_file.", zap.String("version", p.current().Version()))
		p.report(componentstatus.NewEvent(componentstatus.StatusOK))
	}
}

// read returns the prices of the file, nil where it holds what those in force were read from.
func (p *prices) read() (*pricing.Table, error) {
	data, err := os.ReadFile(p.file)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	if sum == p.seen {
		return nil, nil //nolint:nilnil // no change is neither prices nor an error
	}
	table, err := pricing.LoadWithOwn(pricing.EmbeddedCatalogue(), data)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", p.file, err)
	}
	p.seen = sum
	return table, nil
}
