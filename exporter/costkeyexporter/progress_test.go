package costkeyexporter

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/costkey/costkey-otel/storage"
)

// clock is a test's time.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// watched is a progress with a clock, what it logged and what it told the status.
type watched struct {
	*progress
	*clock
	logs *observer.ObservedLogs
	told []error
}

func newWatched() *watched {
	core, logs := observer.New(zap.DebugLevel)
	w := &watched{clock: &clock{at: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)}, logs: logs}
	w.progress = newProgress(5*time.Minute, zap.New(core), func(err error) { w.told = append(w.told, err) })
	w.progress.now = w.clock.now
	return w
}

func TestTheStatusTurnsOnceWhenNothingIsWrittenForTooLongAndBackAtTheNextSuccess(t *testing.T) {
	t.Parallel()
	w := newWatched()
	stuck, other := new(request), new(request)
	try := func(req *request, err error) {
		w.begin(req)
		if err != nil {
			w.failed(req, err)
		} else {
			w.wrote(req)
		}
	}
	try(stuck, errAway)
	w.pass(4 * time.Minute)
	try(stuck, errAway)
	try(other, nil)
	w.pass(4 * time.Minute)
	try(stuck, errAway)
	assert.Empty(t, w.told, "a batch was written meanwhile")
	for range 20 {
		w.pass(time.Minute)
		try(stuck, errAway)
	}
	require.Len(t, w.told, 1)
	require.ErrorIs(t, w.told[0], errAway)
	assert.EqualError(t, w.told[0], "write calls: no batch was written for 5m0s, in 6 tries: connection refused")
	try(other, nil)
	try(other, nil)
	require.Len(t, w.told, 2)
	require.NoError(t, w.told[1])
	var lines []string
	for _, l := range w.logs.All() {
		lines = append(lines, l.Level.String()+": "+l.Message)
	}
	assert.Equal(t, []string{"error: No batch of calls is written.", "info: Batches of calls are written again."}, lines)
}

func TestTheAgeOfTheOldestBatchIsSinceItsFirstTry(t *testing.T) {
	t.Parallel()
	w := newWatched()
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
	gauge, err := w.observe(tel.NewTelemetrySettings().MeterProvider.Meter(scopeName))
	require.NoError(t, err)
	age := func() int64 {
		m, err := tel.GetMetric("costkey.exporter.oldest_batch_age")
		require.NoError(t, err)
		return m.Data.(metricdata.Gauge[int64]).DataPoints[0].Value
	}
	assert.Zero(t, age())
	old, young := new(request), new(request)
	w.begin(old)
	w.pass(90 * time.Second)
	w.begin(young)
	w.begin(old)
	w.failed(old, errAway)
	assert.EqualValues(t, 90, age())
	w.wrote(old)
	w.pass(3 * time.Second)
	assert.EqualValues(t, 3, age())
	w.forget(young)
	assert.Zero(t, age())
	require.NoError(t, gauge.Unregister())
}

// statusHost is a collector that hears what its component reports.
type statusHost struct {
	mu     sync.Mutex
	events []*componentstatus.Event
}

func (h *statusHost) Report(e *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

func (h *statusHost) last() *componentstatus.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.events[len(h.events)-1]
}

func TestTheExportersStatusIsWhatItsPricesAndItsWritesSay(t *testing.T) {
	t.Parallel()
	var events []*componentstatus.Event
	s := new(status)
	about := pcommon.NewMap()
	about.PutStr("catalogue_as_of", "2026-11-01")
	s.ofWrites(errAway) // before the start: told to nobody
	s.start(func(e *componentstatus.Event) { events = append(events, e) })
	refused := errors.New("read prices.yaml: line 1")
	s.ofPrices(componentstatus.NewEvent(componentstatus.StatusRecoverableError, componentstatus.WithError(refused), componentstatus.WithAttributes(about)))
	s.ofWrites(nil)
	s.ofPrices(componentstatus.NewEvent(componentstatus.StatusOK, componentstatus.WithAttributes(about)))
	s.ofWrites(errAway)
	s.stop()
	s.ofWrites(nil)
	require.Len(t, events, 4)
	require.ErrorIs(t, events[0].Err(), errAway)
	require.ErrorIs(t, events[0].Err(), refused)
	require.ErrorIs(t, events[1].Err(), refused)
	require.NotErrorIs(t, events[1].Err(), errAway)
	assert.Equal(t, componentstatus.StatusOK, events[2].Status())
	assert.Equal(t, componentstatus.StatusRecoverableError, events[3].Status())
	for _, e := range events {
		assert.Equal(t, map[string]any{"catalogue_as_of": "2026-11-01"}, e.Attributes().AsRaw())
	}
}

func TestABatchThatIsTriedAgainAndAgainTurnsTheExportersStatus(t *testing.T) {
	t.Parallel()
	store, host := new(gatedStore), new(statusHost)
	store.setAway(true)
	e, _ := newTest(t, store, nil)
	c := &clock{at: time.Now()}
	e.progress.now = c.now
	e.status.start(host.Report)
	calls := newRequest(numbered(1, 4))
	for range 6 {
		require.ErrorIs(t, e.push(t.Context(), calls), errAway)
		c.pass(time.Minute)
	}
	assert.Equal(t, componentstatus.StatusRecoverableError, host.last().Status())
	require.ErrorContains(t, host.last().Err(), "no batch was written for 5m0s, in 6 tries")
	store.setAway(false)
	require.NoError(t, e.push(t.Context(), calls))
	assert.Equal(t, componentstatus.StatusOK, host.last().Status())
	assert.Len(t, host.events, 2)
}

func TestCallsThatASettingOfTheRetryGivesUpAreCounted(t *testing.T) {
	t.Parallel()
	for reason, change := range map[string]func(*Config){
		retryDisabled: func(c *Config) { c.Retry.Enabled = false },
		retryTimedOut: func(c *Config) { c.Retry.MaxElapsedTime = 20 * time.Millisecond },
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			store := new(gatedStore)
			store.setAway(true)
			e, tel := newQueueOnDisk(t, store, t.TempDir(), func(c *Config) {
				c.Queue.Get().Batch.Get().FlushTimeout = time.Millisecond
				change(c)
			})
			require.NoError(t, e.ConsumeTraces(t.Context(), spans(7)))
			require.Eventually(t, func() bool {
				return counter(t, tel, "costkey.exporter.dropped", reason) == 7
			}, 10*time.Second, time.Millisecond)
			assert.Zero(t, e.progress.age(), "nobody waits for it")
		})
	}
}

func TestASenderThatWaitsForTheWriteKeepsItsCallsWhateverTheRetry(t *testing.T) {
	t.Parallel()
	store := new(gatedStore)
	store.setAway(true)
	e, tel := newTest(t, store, func(c *Config) { c.Retry.Enabled = false })
	err := e.ConsumeTraces(t.Context(), spans(7))
	require.ErrorIs(t, err, errAway)
	assert.False(t, consumererror.IsPermanent(err))
	assert.Zero(t, counter(t, tel, "costkey.exporter.dropped", ""))
}

func TestSettingsThatLoseCallsAreWarnedOfByTheirKey(t *testing.T) {
	t.Parallel()
	warnings := func(change func(*Config)) []string {
		cfg := createDefaultConfig().(*Config)
		change(cfg)
		require.NoError(t, cfg.Validate())
		return cfg.warnings(8)
	}
	assert.Empty(t, warnings(func(*Config) {}))
	for key, change := range map[string]func(*Config){
		"`retry_on_failure::enabled` is false":           func(c *Config) { c.Retry.Enabled = false },
		"`retry_on_failure::max_elapsed_time` is 5m0s":   func(c *Config) { c.Retry.MaxElapsedTime = 5 * time.Minute },
		"`sending_queue::num_consumers` is 9, more than": func(c *Config) { c.Queue.Get().NumConsumers = 9 },
	} {
		got := warnings(change)
		require.Len(t, got, 1)
		assert.Contains(t, got[0], key)
	}
	assert.Empty(t, warnings(func(c *Config) { c.Retry.Enabled, c.Queue.Get().WaitForResult = false, true }), "the sender hears of it")
}

func TestWhatStorageKeptElsewhereIsCountedAndLogged(t *testing.T) {
	t.Parallel()
	e, tel := newTest(t, new(fakeStore), nil)
	core, logs := observer.New(zap.DebugLevel)
	e.logger = zap.New(core)
	e.limited(t.Context(), nil, 0)
	assert.Empty(t, logs.All())
	e.limited(t.Context(), map[storage.Reason]int{"conflict": 3}, 2)
	assert.EqualValues(t, 3, counter(t, tel, "costkey.exporter.dead_lettered", "conflict"))
	assert.EqualValues(t, 2, counter(t, tel, "costkey.exporter.overflowed", ""))
	levels := []string{}
	for _, l := range logs.All() {
		levels = append(levels, l.Level.String())
	}
	slices.Sort(levels)
	assert.Equal(t, []string{"error", "warn"}, levels)
}
