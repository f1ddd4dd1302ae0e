package costkeyexporter

import (
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

// The values of `authenticated`.
const (
	authenticatedAuto  = "auto"
	authenticatedTrue  = "true"
	authenticatedFalse = "false"
)

// maxTags bounds how many attribute keys may become tags beside costkey.tag.*.
const maxTags = 32

// Config is the user's YAML under exporters::costkey.
type Config struct {
	// Storage names the costkey_storage extension that owns the database. Default: costkey_storage.
	Storage component.ID `mapstructure:"storage"`
	// CaptureBody stores the prompts and answers that spans carry, in costkey.call_bodies. Default: false: no such text
	// is read, queued or stored.
	CaptureBody bool `mapstructure:"capture_body"`
	// Tags names attribute keys whose scalar values become tags of the call, beside costkey.tag.*. Default: none.
	Tags []string `mapstructure:"tags"`
	// PricesFile is a YAML file of the user's own prices and discounts, on top of the built-in catalogue; it is read again
	// when it changes. Default: none.
	PricesFile string `mapstructure:"prices_file"`
	// UseReportedCost lets a call without a price cost what its span says that it cost, with cost status reported. Default:
	// false: such a call has no cost.
	UseReportedCost bool `mapstructure:"use_reported_cost"`
	// CatalogueFile is a catalogue of prices that takes the place of the built-in one where it is newer; it is read again
	// when it changes. Default: none.
	CatalogueFile string `mapstructure:"catalogue_file"`
	// Authenticated says whether data without a key is refused: "true", "false", or "auto": where the collector runs an
	// extension costkey_auth. Default: auto.
	Authenticated string `mapstructure:"authenticated"`
	// TrustProjectAttribute takes resource attribute costkey.project for the project of data without a key, also where a
	// key is needed: for a pipeline whose processor costkey put it there, since a processor such as batch drops who sent
	// what. Default: false.
	TrustProjectAttribute bool `mapstructure:"trust_project_attribute"`
	// UnhealthyAfter is how long writes may fail, with none that succeeds, until the component's status is a recoverable
	// error. Default: 5m.
	UnhealthyAfter time.Duration `mapstructure:"unhealthy_after"`
	// Timeout bounds one write to the database. Default: 60s.
	Timeout exporterhelper.TimeoutConfig `mapstructure:",squash"`
	// Queue holds what is accepted and not written yet. See exporterhelper; the defaults are ours.
	Queue configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`
	// Retry says how a write is tried again. Default: without end.
	Retry configretry.BackOffConfig `mapstructure:"retry_on_failure"`
}

// Validate reports every problem of the configuration.
func (c *Config) Validate() error {
	var errs []error
	if c.Storage.Type().String() == "" {
		errs = append(errs, errors.New("`storage` must name a costkey_storage extension"))
	}
	if len(c.Tags) > maxTags {
		errs = append(errs, fmt.Errorf("`tags` must have at most %d keys, found %d", maxTags, len(c.Tags)))
	}
	switch c.Authenticated {
	case authenticatedAuto, authenticatedTrue, authenticatedFalse:
	default:
		errs = append(errs, fmt.Errorf("`authenticated` must be auto, true or false, found %q", c.Authenticated))
	}
	for i, key := range c.Tags {
		if key == "" {
			errs = append(errs, fmt.Errorf("`tags[%d]` must not be empty", i))
		}
	}
	if c.Timeout.Timeout <= 0 {
		errs = append(errs, fmt.Errorf("`timeout` must be positive, found %s: a write that hangs would hold its batch for good", c.Timeout.Timeout))
	}
	if c.UnhealthyAfter <= 0 {
		errs = append(errs, fmt.Errorf("`unhealthy_after` must be positive, found %s", c.UnhealthyAfter))
	}
	if q := c.Queue.Get(); q != nil {
		if q.Sizer == exporterhelper.RequestSizerTypeBytes {
			errs = append(errs, errors.New("`sending_queue::sizer` must be items or requests"))
		}
		if b := q.Batch.Get(); b != nil && b.Sizer != exporterhelper.RequestSizerTypeItems {
			errs = append(errs, errors.New("`sending_queue::batch::sizer` must be items"))
		}
	}
	return errors.Join(errs...)
}

// The reasons for which calls are dropped by a setting of retry_on_failure.
const (
	retryDisabled = "retry_disabled"
	retryTimedOut = "retry_timed_out"
)

// warnings are what an operator should know of settings that are allowed, by their keys. connections is how many the store
// has.
func (c *Config) warnings(connections int32) []string {
	var out []string
	switch {
	case c.senderWaits():
	case !c.Retry.Enabled:
		out = append(out, "`retry_on_failure::enabled` is false: calls are dropped when the database can't be reached. "+
			"`costkey.exporter.dropped` counts them, by reason "+retryDisabled+".")
	case c.Retry.MaxElapsedTime > 0:
		out = append(out, fmt.Sprintf("`retry_on_failure::max_elapsed_time` is %s: calls are dropped when the database is away for longer. "+
			"`costkey.exporter.dropped` counts them, by reason "+retryTimedOut+".", c.Retry.MaxElapsedTime))
	}
	if q := c.Queue.Get(); q != nil && q.NumConsumers > int(connections) {
		out = append(out, fmt.Sprintf("`sending_queue::num_consumers` is %d, more than the %d connections of `max_connections` of %s: the others wait for one.",
			q.NumConsumers, connections, c.Storage))
	}
	return out
}

// senderWaits reports whether a sender hears how the write of its calls ended, keeps them until then and decides itself
// whether to try again.
func (c *Config) senderWaits() bool {
	q := c.Queue.Get()
	return q == nil || q.WaitForResult
}

// givesUp returns the reason to drop a batch that could not be written and was tried for so long, "" where it is tried on.
func (c *Config) givesUp(tried time.Duration) string {
	switch limit := c.Retry.MaxElapsedTime; {
	case !c.Retry.Enabled:
		return retryDisabled
	case limit > 0 && tried >= limit:
		return retryTimedOut
	}
	return ""
}

// helpersRetry is what exporterhelper does of `retry_on_failure`. It tells nobody which calls it gives up, so that the end
// of the tries is left to givesUp.
func (c *Config) helpersRetry() configretry.BackOffConfig {
	retry := c.Retry
	if !c.senderWaits() {
		retry.MaxElapsedTime = 0
	}
	return retry
}

// maxGroupCalls bounds what several senders bring into the queue as one request: no more than one write takes, and no more
// than the queue has room for.
func (c *Config) maxGroupCalls() int {
	limit := int64(defaultMaxSize)
	q := c.Queue.Get()
	if q == nil {
		return int(limit)
	}
	if b := q.Batch.Get(); b != nil && b.MaxSize > 0 {
		limit = b.MaxSize
	}
	if q.Sizer == exporterhelper.RequestSizerTypeItems {
		limit = min(limit, q.QueueSize)
	}
	return int(limit)
}

// defaultMaxSize is the number of calls that are written at once.
const defaultMaxSize = 20_000

// writeConnections is how many batches are unpacked, priced and written at once. While one waits for a commit and one is
// prepared, a third keeps PostgreSQL busy.
const writeConnections = 3

func createDefaultConfig() component.Config {
	queue := exporterhelper.NewDefaultQueueConfig()
	queue.Sizer = exporterhelper.RequestSizerTypeItems
	queue.QueueSize = 200_000
	queue.NumConsumers = writeConnections
	queue.Batch = configoptional.Some(exporterhelper.BatchConfig{
		FlushTimeout: 500 * time.Millisecond,
		Sizer:        exporterhelper.RequestSizerTypeItems,
		MinSize:      8192,
		MaxSize:      defaultMaxSize,
		Partition:    exporterhelper.NewDefaultPartitionConfig(),
	})
	retry := configretry.NewDefaultBackOffConfig()
	retry.MaxElapsedTime = 0 // a database that is away for a night must not cost a night's calls
	return &Config{
		Storage:        component.NewID(component.MustNewType("costkey_storage")),
		Authenticated:  authenticatedAuto,
		UnhealthyAfter: 5 * time.Minute,
		Timeout:        exporterhelper.TimeoutConfig{Timeout: time.Minute},
		Queue:          configoptional.Some(queue),
		Retry:          retry,
	}
}
