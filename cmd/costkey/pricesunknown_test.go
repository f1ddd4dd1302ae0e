package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/storage"
)

func TestUnpricedModelsAreListedWithWhatIsNotKnownAsNull(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var out bytes.Buffer
	require.NoError(t, unpricedListing([]storage.UnpricedModel{
		{Model: "m", Status: "unknown_model", Calls: 2, InputTokens: 30, OutputTokens: 4, FirstSeen: at, LastSeen: at.Add(time.Hour)},
	}, pricing.Embedded()).write(&out, formatJSON))
	assert.JSONEq(t, `[{"provider":null,"model":"m","cost_status":"unknown_model","calls":2,"input_tokens":30,"output_tokens":4,
		"first_seen":"2026-01-02T03:04:05Z","last_seen":"2026-01-02T04:04:05Z","proposal":null}]`, out.String())
}

func TestUnpricedModelsComeWithTheLineThatWouldPriceThem(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 2, 3, 4, 5, 0, time.UTC)
	var out bytes.Buffer
	require.NoError(t, unpricedListing([]storage.UnpricedModel{
		{Provider: "my-gateway", Model: "gpt-4o", Status: "unknown_model", FirstSeen: at, LastSeen: at},
		{Provider: "azure.ai.openai", Model: "ours", Status: "unknown_model", FirstSeen: at, LastSeen: at},
		{Provider: "openai", Model: "gpt-4o", Status: "no_price", FirstSeen: at, LastSeen: at},
	}, pricing.Embedded()).write(&out, formatTable))
	lines := strings.Split(out.String(), "\n")
	assert.Contains(t, lines[1], "providers: {my-gateway: openai}")
	assert.Contains(t, lines[2], "models: {azure.ai.openai: {ours: MODEL}}")
	assert.NotContains(t, lines[3], "models:", "the model is known: what it lacks is a rate")
}

func TestTheTimesOfUnpricedModelsMustBeInOrder(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"no time":         {"--from", "soon"},
		"a wrong end":     {"--to", "later"},
		"end before from": {"--from", "2026-02-01", "--to", "2026-01-01"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, errs bytes.Buffer
			assert.Equal(t, exitMisuse, run(t.Context(), append([]string{"prices", "unknown"}, args...), &out, &errs))
		})
	}
}
