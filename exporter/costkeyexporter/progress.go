package costkeyexporter

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
)

// progress watches the writes: which batches are not written yet, and whether any is. Safe for concurrent use.
type progress struct {
	limit  time.Duration // without a success, until the status says so
	now    func() time.Time
	logger *zap.Logger
	status func(error) // hears when batches are no longer written, and nil when one is again

	mu      sync.Mutex
	batches map[*request]time.Time // since when each is tried
	failing time.Time              // the first failure after the last success; zero where there is none
	tries   int                    // that failed since
	told    bool
}

func newProgress(limit time.Duration, logger *zap.Logger, status func(error)) *progress {
	return &progress{limit: limit, now: time.Now, logger: logger, status: status, batches: make(map[*request]time.Time)}
}

// begin is called before each try to write a batch.
func (p *progress) begin(req *request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.batches[req]; !ok {
		p.batches[req] = p.now()
	}
}

// failed notes a try that did not write the batch, and returns how long it has been tried.
func (p *progress) failed(req *request, err error) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if p.failing.IsZero() {
		p.failing, p.tries = now, 0
	}
	p.tries++
	if since := now.Sub(p.failing); since >= p.limit && !p.told {
		p.told = true
		since = since.Round(time.Second)
		p.logger.Error("No batch of calls is written.", zap.Duration("for", since), zap.Int("tries", p.tries), zap.Error(err))
		p.status(fmt.Errorf("write calls: no batch was written for %s, in %d tries: %w", since, p.tries, err))
	}
	if began, ok := p.batches[req]; ok {
		return now.Sub(began)
	}
	return 0
}

// wrote notes that the batch is written.
func (p *progress) wrote(req *request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.batches, req)
	if p.told {
		p.told = false
		p.logger.Info("Batches of calls are written again.", zap.Duration("after", p.now().Sub(p.failing).Round(time.Second)))
		p.status(nil)
	}
	p.failing = time.Time{}
}

// forget ends the watch over a batch that nobody tries any more.
func (p *progress) forget(req *request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.batches, req)
}

// age is how long the oldest of the batches that are not written yet has been tried.
func (p *progress) age() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, age := p.now(), time.Duration(0)
	for _, began := range p.batches {
		age = max(age, now.Sub(began))
	}
	return age
}

// observe makes the metric of the oldest batch, until the registration ends.
func (p *progress) observe(meter metric.Meter) (metric.Registration, error) {
	age, err := meter.Int64ObservableGauge("costkey.exporter.oldest_batch_age", metric.WithUnit("s"),
		metric.WithDescription("Seconds since the first try to write the oldest batch that is not written yet."))
	if err != nil {
		return nil, err
	}
	return meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		o.ObserveInt64(age, int64(p.age()/time.Second))
		return nil
	}, age)
}
