package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage"
)

func TestUnpricedModelsAreListedWithWhatIsNotKnownAsNull(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var out bytes.Buffer
	require.NoError(t, unpricedListing([]storage.UnpricedModel{
		{Model: "m", Status: "unknown_model", Calls: 2, InputTokens: 30, OutputTokens: 4, FirstSeen: at, LastSeen: at.Add(time.Hour)},
	}).write(&out, formatJSON))
	assert.JSONEq(t, `[{"provider":null,"model":"m","cost_status":"unknown_model","calls":2,"input_tokens":30,"output_tokens":4,
		"first_seen":"2026-01-02T03:04:05Z","last_seen":"2026-01-02T04:04:05Z"}]`, out.String())
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
