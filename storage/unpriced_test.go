package storage_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/storage"
	"github.com/costkey/costkey-otel/usage"
)

func TestModelsWithoutAPriceAreListedWithTheirTokens(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	batch := calls(0, 8)
	for i := range 3 {
		withoutPrice(&batch[i])
		batch[i].Provider, batch[i].RequestModel, batch[i].ResponseModel = "openai", "asked", "answered"
		batch[i].Usage = usage.Usage{Input: usage.Known(100), Output: usage.Known(10)}
		batch[i].StartMicros = noon.Add(time.Duration(i) * time.Minute).UnixMicro()
	}
	batch[2].Usage = usage.Usage{}
	withoutPrice(&batch[3])
	batch[3].CostStatus, batch[3].PricedModel, batch[3].Provider = "no_price", "known", "openai"
	batch[3].Usage = usage.Usage{Input: usage.Known(7)}
	batch[3].StartMicros = noon.UnixMicro()
	withoutPrice(&batch[4])
	batch[4].CostStatus = "no_usage" // no price would help
	write(t, s, batch...)

	end := noon.Add(time.Hour)
	found, err := s.UnpricedModels(t.Context(), "", noon, end)
	require.NoError(t, err)
	for i := range found {
		found[i].FirstSeen, found[i].LastSeen = found[i].FirstSeen.UTC(), found[i].LastSeen.UTC()
	}
	assert.Equal(t, []storage.UnpricedModel{
		{
			Provider: "openai", Model: "answered", Status: "unknown_model", Calls: 3, InputTokens: 200, OutputTokens: 20,
			FirstSeen: noon, LastSeen: noon.Add(2 * time.Minute),
		},
		{Provider: "openai", Model: "known", Status: "no_price", Calls: 1, InputTokens: 7, FirstSeen: noon, LastSeen: noon},
	}, found)

	found, err = s.UnpricedModels(t.Context(), batch[0].Project, noon.Add(time.Minute), noon.Add(2*time.Minute))
	require.NoError(t, err)
	require.Len(t, found, 1)
	assert.EqualValues(t, 1, found[0].Calls, "from is inclusive, to exclusive")

	found, err = s.UnpricedModels(t.Context(), "nobody", noon, end)
	require.NoError(t, err)
	assert.Empty(t, found)
}
