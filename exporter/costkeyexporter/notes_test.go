package costkeyexporter

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/genaispan"
)

func TestCallsThatAreReadByAGuessAreMarkedAndCounted(t *testing.T) {
	t.Parallel()
	store := new(fakeStore)
	e, tel := newTest(t, store, nil)
	td := spansOf(t,
		said{model: "claude-sonnet-4-5", usage: true}, said{model: "claude-sonnet-4-5", usage: true}, said{model: "gpt-4o", usage: true},
	)
	spans := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	for i := range 2 { // nothing tells whether this input holds the cached part
		spans.At(i).Attributes().PutStr("gen_ai.provider.name", "anthropic")
		spans.At(i).Attributes().PutInt("gen_ai.usage.cache_read.input_tokens", 100)
	}
	require.NoError(t, e.ConsumeTraces(t.Context(), td))
	assert.EqualValues(t, 2, counter(t, tel, "costkey.exporter.noted", genaispan.NoteAmbiguousCache))
	marked := 0
	for _, c := range store.written() {
		if len(c.Notes) > 0 {
			assert.Equal(t, []string{genaispan.NoteAmbiguousCache}, c.Notes)
			marked++
		}
	}
	assert.Equal(t, 2, marked)
}
