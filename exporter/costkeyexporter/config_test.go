package costkeyexporter_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"

	"github.com/costkey/costkey-otel/exporter/costkeyexporter"
)

func load(t *testing.T, name string) (*costkeyexporter.Config, error) {
	t.Helper()
	all, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	conf, err := all.Sub(name)
	if err != nil {
		conf = confmap.New() // an empty section
	}
	cfg := costkeyexporter.NewFactory().CreateDefaultConfig().(*costkeyexporter.Config)
	if err := conf.Unmarshal(cfg); err != nil {
		return nil, err
	}
	return cfg, confmap.Validate(cfg)
}

func TestAnEmptyConfigIsTheDefaultOne(t *testing.T) {
	t.Parallel()
	cfg, err := load(t, "costkey/defaults")
	require.NoError(t, err)
	assert.Equal(t, costkeyexporter.NewFactory().CreateDefaultConfig(), cfg)
	require.NoError(t, componenttest.CheckConfigStruct(cfg))
}

func TestDefaultsDoNotLoseData(t *testing.T) {
	t.Parallel()
	cfg := costkeyexporter.NewFactory().CreateDefaultConfig().(*costkeyexporter.Config)
	assert.False(t, cfg.CaptureBody)
	assert.Empty(t, cfg.Tags)
	assert.False(t, cfg.UseReportedCost)
	assert.Equal(t, "costkey_storage", cfg.Storage.String())
	assert.Equal(t, time.Minute, cfg.Timeout.Timeout)
	assert.Zero(t, cfg.Retry.MaxElapsedTime, "retry without end")
	assert.Equal(t, 5*time.Minute, cfg.UnhealthyAfter)
	queue := cfg.Queue.Get()
	require.NotNil(t, queue)
	assert.Equal(t, exporterhelper.RequestSizerTypeItems, queue.Sizer)
	batch := queue.Batch.Get()
	require.NotNil(t, batch)
	assert.EqualValues(t, 8192, batch.MinSize)
	assert.EqualValues(t, 20_000, batch.MaxSize)
	assert.Equal(t, 500*time.Millisecond, batch.FlushTimeout)
}

func TestEverySettingIsRead(t *testing.T) {
	t.Parallel()
	cfg, err := load(t, "costkey/all")
	require.NoError(t, err)
	assert.Equal(t, component.MustNewIDWithName("costkey_storage", "eu"), cfg.Storage)
	assert.True(t, cfg.CaptureBody)
	assert.Equal(t, []string{"tenant", "ai.telemetry.metadata.plan"}, cfg.Tags)
	assert.True(t, cfg.UseReportedCost)
	assert.Equal(t, "/var/lib/costkey/catalogue.json", cfg.CatalogueFile)
	assert.Equal(t, "prices.yaml", cfg.PricesFile)
	assert.Equal(t, 10*time.Second, cfg.Timeout.Timeout)
	assert.Equal(t, 2*time.Minute, cfg.UnhealthyAfter)
	assert.EqualValues(t, 1000, cfg.Queue.Get().QueueSize)
	assert.EqualValues(t, 10, cfg.Queue.Get().Batch.Get().MinSize)
	assert.Equal(t, time.Minute, cfg.Retry.MaxElapsedTime)
}

func TestABadConfigNamesTheKey(t *testing.T) {
	t.Parallel()
	for name, keys := range map[string][]string{
		"costkey/misspelled":     {"capture_bodies"},
		"costkey/sized_by_bytes": {"`sending_queue::sizer`", "`sending_queue::batch::sizer`"},
		"costkey/endless":        {"`timeout`", "found 0s", "`unhealthy_after`", "found -1m0s"},
		"costkey/empty_tag":      {"`tags[0]`", "`tags[2]`"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, name)
			require.Error(t, err)
			for _, key := range keys {
				assert.ErrorContains(t, err, key)
			}
		})
	}
}

func TestTheFactoryMakesAnExporterThatNeedsItsStorage(t *testing.T) {
	t.Parallel()
	f := costkeyexporter.NewFactory()
	assert.Equal(t, "costkey", f.Type().String())
	e, err := f.CreateTraces(t.Context(), exportertest.NewNopSettings(f.Type()), f.CreateDefaultConfig())
	require.NoError(t, err)
	err = e.Start(t.Context(), componenttest.NewNopHost())
	require.ErrorContains(t, err, "`storage`")
	require.NoError(t, e.Shutdown(t.Context()))
}
