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
	for i, key := range c.Tags {
		if key == "" {
			errs = append(errs, fmt.Errorf("`tags[%d]` must not be empty", i))
		}
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

// writeConnections is how many batches are written at once. Two keep PostgreSQL busy while one is being prepared.
const writeConnections = 2

func createDefaultConfig() component.Config {
	queue := exporterhelper.NewDefaultQueueConfig()
	queue.Sizer = exporterhelper.RequestSizerTypeItems
	queue.QueueSize = 200_000
	queue.NumConsumers = writeConnections
	queue.Batch = configoptional.Some(exporterhelper.BatchConfig{
		FlushTimeout: 500 * time.Millisecond,
		Sizer:        exporterhelper.RequestSizerTypeItems,
		MinSize:      8192,
		MaxSize:      20_000,
		Partition:    exporterhelper.NewDefaultPartitionConfig(),
	})
	retry := configretry.NewDefaultBackOffConfig()
	retry.MaxElapsedTime = 0 // a database that is away for a night must not cost a night's calls
	return &Config{
		Storage: component.NewID(component.MustNewType("costkey_storage")),
		Timeout: exporterhelper.TimeoutConfig{Timeout: time.Minute},
		Queue:   configoptional.Some(queue),
		Retry:   retry,
	}
}
