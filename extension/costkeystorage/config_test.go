package costkeystorage

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
)

// load reads the configuration called name over the defaults.
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
	withDataDir := createDefaultConfig().(*Config)
	withDataDir.DataDir = "elsewhere"
	for name, want := range map[string]*Config{
		"empty":     createDefaultConfig().(*Config),
		"empty_dsn": withDataDir,
		"all": {
			DSN: "postgres://user@db.example:5432/costkey", DataDir: "/data", ProgramsURL: "https://maven.example/m2",
			MaxConnections: 20, CardinalityLimit: 1000, ProjectLimit: 7, Migrate: false, Maintenance: false, MaintenanceInterval: time.Hour,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, err := load(t, name)
			require.NoError(t, err)
			require.NoError(t, confmap.Validate(cfg))
			assert.Equal(t, want, cfg)
		})
	}
}

func TestAMisspelledKeyIsAnError(t *testing.T) {
	t.Parallel()
	_, err := load(t, "misspelled")
	require.ErrorContains(t, err, "datadir")
}

func TestEveryProblemIsNamedByItsKey(t *testing.T) {
	t.Parallel()
	for name, wants := range map[string][]string{
		"bad_dsn":     {"`dsn`", "COSTKEY_DATABASE_URL"},
		"no_data_dir": {"`data_dir`"},
		"bad_url":     {"`programs_url`"},
		"one_conn":    {"`dsn`", "pool_max_conns 1"},
		"all_bad": {
			"`data_dir`", "`max_connections`", "found 1", "`cardinality_limit`", "found 0", "`project_limit`", "found -1", "`maintenance_interval`", "found 5ms",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, err := load(t, name)
			require.NoError(t, err)
			err = confmap.Validate(cfg)
			for _, want := range wants {
				require.ErrorContains(t, err, want)
			}
			assert.NotContains(t, err.Error(), "hunter2", "a password is never shown")
		})
	}
}
