package demo_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/examples/go-shop/demo"
)

func TestReach(t *testing.T) {
	t.Parallel()
	var lc net.ListenConfig
	listener, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()

	t.Run("a collector that listens", func(t *testing.T) {
		require.NoError(t, demo.Reach(t.Context(), "http://"+address))
		require.NoError(t, demo.Reach(t.Context(), "http://secret@"+address+"/shop"), "a DSN")
	})
	require.NoError(t, listener.Close())
	t.Run("no collector: says how to start one, and no key", func(t *testing.T) {
		err := demo.Reach(t.Context(), "http://secret@"+address+"/shop")
		require.ErrorContains(t, err, "make run")
		require.ErrorContains(t, err, address)
		assert.NotContains(t, err.Error(), "secret")
	})
	t.Run("no address", func(t *testing.T) {
		err := demo.Reach(t.Context(), "localhost")
		require.ErrorContains(t, err, demo.DefaultEndpoint)
	})
}

func TestProjectOf(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "shop", demo.ProjectOf("http://key@localhost:4319/shop"))
	assert.Empty(t, demo.ProjectOf("http://localhost:4318"))
}

func TestEndpoint(t *testing.T) {
	for _, v := range []string{"COSTKEY_DSN", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT", "COSTKEY_OTLP_HTTP_ENDPOINT"} {
		t.Setenv(v, "")
	}
	variable, endpoint := demo.Endpoint()
	assert.Empty(t, variable+endpoint)
	assert.Equal(t, demo.DefaultEndpoint, demo.RunEndpoint())

	t.Setenv("COSTKEY_OTLP_HTTP_ENDPOINT", "localhost:14318")
	assert.Equal(t, "http://localhost:14318", demo.RunEndpoint())

	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")
	t.Setenv("COSTKEY_DSN", "http://key@localhost:4319/shop")
	variable, endpoint = demo.Endpoint()
	assert.Equal(t, "COSTKEY_DSN", variable, "a DSN counts before an endpoint")
	assert.Equal(t, "http://key@localhost:4319/shop", endpoint)
}
