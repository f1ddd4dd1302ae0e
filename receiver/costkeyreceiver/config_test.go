package costkeyreceiver

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"
)

func read(t *testing.T, yaml map[string]any) (*Config, error) {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	if err := confmap.NewFromStringMap(yaml).Unmarshal(cfg); err != nil {
		return nil, err
	}
	return cfg, cfg.Validate()
}

func TestAnEmptyConfigurationIsTheDefault(t *testing.T) {
	t.Parallel()
	require.NoError(t, componenttest.CheckConfigStruct(createDefaultConfig()))
	cfg, err := read(t, map[string]any{})
	require.NoError(t, err)
	assert.Equal(t, "localhost:4319", cfg.Server.NetAddr.Endpoint)
	assert.Equal(t, readTimeout, cfg.Server.ReadTimeout)
	assert.EqualValues(t, 20<<20, cfg.Server.MaxRequestBodySize)
	assert.False(t, cfg.CaptureBody)
	assert.False(t, cfg.AllowUnauthenticated)
}

func TestAnOpenEndpointIsRefusedUnlessItIsAllowed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		yaml map[string]any
		want string
	}{
		"localhost":                 {map[string]any{"endpoint": "localhost:4319"}, ""},
		"IPv4's loopback":           {map[string]any{"endpoint": "127.0.0.2:4319"}, ""},
		"IPv6's loopback":           {map[string]any{"endpoint": "[::1]:4319"}, ""},
		"IPv6's form of IPv4's":     {map[string]any{"endpoint": "[::ffff:127.0.0.1]:4319"}, ""},
		"every address":             {map[string]any{"endpoint": "0.0.0.0:4319"}, "`allow_unauthenticated: true`"},
		"every address, unsaid":     {map[string]any{"endpoint": ":4319"}, "`allow_unauthenticated: true`"},
		"every address of IPv6":     {map[string]any{"endpoint": "[::]:4319"}, "`allow_unauthenticated: true`"},
		"a name":                    {map[string]any{"endpoint": "localhost.example.com:4319"}, "`auth`"},
		"a private network":         {map[string]any{"endpoint": "10.0.0.1:4319"}, "`auth`"},
		"allowed":                   {map[string]any{"endpoint": "0.0.0.0:4319", "allow_unauthenticated": true}, ""},
		"with keys":                 {map[string]any{"endpoint": "0.0.0.0:4319", "auth": map[string]any{"authenticator": "costkey_auth"}}, ""},
		"no endpoint":               {map[string]any{"endpoint": ""}, "`endpoint` must not be empty"},
		"no events":                 {map[string]any{"max_events": 0}, "`max_events` must be positive, found 0"},
		"a key that does not exist": {map[string]any{"capture_bodies": true}, "capture_bodies"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := read(t, c.yaml)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestTheFactoryMakesAReceiver(t *testing.T) {
	t.Parallel()
	f := NewFactory()
	r, err := f.CreateTraces(context.Background(), receivertest.NewNopSettings(f.Type()), f.CreateDefaultConfig(), consumertest.NewNop())
	require.NoError(t, err)
	require.NoError(t, r.Shutdown(context.Background()), "without a start")
}
