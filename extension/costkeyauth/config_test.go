package costkeyauth

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/extension/extensiontest"
)

func load(t *testing.T, name string) (*Config, error) {
	t.Helper()
	all, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	sub, err := all.Sub(component.NewIDWithName(Type, name).String())
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	return cfg, sub.Unmarshal(cfg)
}

func TestConfigIsReadOverTheDefaults(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]*Config{
		"empty": createDefaultConfig().(*Config),
		"all": {
			Storage: component.MustNewIDWithName("costkey_storage", "other"), CacheTTL: time.Second, CacheSize: 5,
			LookupsPerSecond: 2, RateLimit: RateLimit{CallsPerSecond: 10, BytesPerSecond: 1e6}, AllowUnauthenticated: true,
		},
	} {
		cfg, err := load(t, name)
		require.NoError(t, err)
		require.NoError(t, confmap.Validate(cfg))
		assert.Equal(t, want, cfg)
	}
}

func TestEveryProblemIsNamedByItsKey(t *testing.T) {
	t.Parallel()
	_, err := load(t, "misspelled")
	require.ErrorContains(t, err, "cachettl")
	cfg, err := load(t, "all_bad")
	require.NoError(t, err)
	err = confmap.Validate(cfg)
	for _, key := range []string{"cache_ttl", "cache_size", "offline_grace", "lookups_per_second", "rate_limit::calls_per_second", "rate_limit::bytes_per_second"} {
		require.ErrorContains(t, err, "`"+key+"`")
	}
}

func TestTheFactoryMakesAnExtensionThatMayBeShutDownUnstarted(t *testing.T) {
	t.Parallel()
	factory := NewFactory()
	assert.Equal(t, Type, factory.Type())
	ext, err := factory.Create(t.Context(), extensiontest.NewNopSettings(Type), factory.CreateDefaultConfig())
	require.NoError(t, err)
	require.NoError(t, ext.Shutdown(t.Context()))
	require.NoError(t, ext.Shutdown(t.Context()))
}
