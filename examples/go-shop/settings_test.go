package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/costkey/costkey-otel/examples/go-shop/demo"
	"github.com/costkey/costkey-otel/examples/go-shop/shop"
)

func TestMain(m *testing.M) {
	// A dependency of the Gemini SDK starts it when it is linked, and never ends it.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}

// withEnvironment sets variables and empties all others that the program reads.
func withEnvironment(t *testing.T, variables map[string]string) {
	t.Helper()
	for _, name := range []string{
		openAIKey, anthropicKey, googleKey, "COSTKEY_DSN", "COSTKEY_OTLP_HTTP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT",
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES",
	} {
		t.Setenv(name, variables[name])
	}
}

func TestSettings(t *testing.T) {
	t.Run("without any, the stand-in plays and spans go where make run listens", func(t *testing.T) {
		withEnvironment(t, nil)
		s, err := parseSettings(nil)
		require.NoError(t, err)
		assert.Equal(t, demo.Keys{}, s.keys)
		assert.Equal(t, shop.DefaultModels(), s.models)
		assert.Equal(t, demo.DefaultEndpoint, os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT"))
		assert.Equal(t, "costkey.project=go-shop", os.Getenv("OTEL_RESOURCE_ATTRIBUTES"))
		assert.Equal(t, "go-shop", os.Getenv("OTEL_SERVICE_NAME"))
	})
	t.Run("what the user has set stays", func(t *testing.T) {
		withEnvironment(t, map[string]string{
			"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_SERVICE_NAME": "mine",
			"OTEL_RESOURCE_ATTRIBUTES": "team=blue",
		})
		s, err := parseSettings([]string{"-project", "afternoon"})
		require.NoError(t, err)
		assert.Equal(t, "http://collector:4318", s.endpoint)
		assert.Equal(t, "mine", os.Getenv("OTEL_SERVICE_NAME"))
		assert.Equal(t, "team=blue,costkey.project=afternoon", os.Getenv("OTEL_RESOURCE_ATTRIBUTES"))
	})
	t.Run("a DSN names the project", func(t *testing.T) {
		withEnvironment(t, map[string]string{"COSTKEY_DSN": "http://key@localhost:4319/mine"})
		s, err := parseSettings(nil)
		require.NoError(t, err)
		assert.Equal(t, "mine", s.project)
		assert.Empty(t, os.Getenv("OTEL_RESOURCE_ATTRIBUTES"))
	})
	t.Run("a model of one's own needs the real provider", func(t *testing.T) {
		withEnvironment(t, nil)
		_, err := parseSettings([]string{"-gemini-model", "gemini-3-pro-preview"})
		require.ErrorContains(t, err, googleKey)
		var usage usageError
		require.ErrorAs(t, err, &usage)
	})
	t.Run("with a key it is that of every task", func(t *testing.T) {
		withEnvironment(t, map[string]string{googleKey: "secret"})
		s, err := parseSettings([]string{"-gemini-model", "gemini-3-pro-preview"})
		require.NoError(t, err)
		assert.Equal(t, "gemini-3-pro-preview", s.models.Recommend)
		assert.Equal(t, "gemini-3-pro-preview", s.models.Verdict)
		assert.Equal(t, shop.DefaultModels().Describe, s.models.Describe)
	})
}

func TestWarning(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	warn(&out, demo.Keys{Anthropic: "sk-secret"})
	assert.Contains(t, out.String(), "ANTHROPIC_API_KEY is set, so the calls to Anthropic are real and cost money")
	assert.NotContains(t, out.String(), "secret")
	out.Reset()
	warn(&out, demo.Keys{})
	assert.Empty(t, out.String())
}

func TestNoCollector(t *testing.T) {
	withEnvironment(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"})
	err := run(t.Context(), nil, &bytes.Buffer{})
	require.ErrorContains(t, err, "start it with: make run")
}
