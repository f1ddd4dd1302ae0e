package genaispan_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/usage"
)

func TestACallWithoutAModelHasThatOfTheSpanAroundIt(t *testing.T) {
	t.Parallel()
	answer := attrs{"gen_ai.usage.input_tokens": 300, "gen_ai.usage.output_tokens": 7}
	calls := resolved(t,
		testSpan{name: "run_sampling_request", id: 1, scope: "codex_cli_rs", dur: 100, attrs: attrs{"model": "gpt-5.1-codex"}},
		testSpan{name: "receiving_stream", id: 2, parent: 1, scope: "codex_cli_rs", dur: 90, attrs: attrs{"from": "x"}},
		testSpan{name: "handle_responses", id: 3, parent: 2, scope: "codex_cli_rs", dur: 80, attrs: answer},
	)
	require.Len(t, calls, 1)
	assert.Equal(t, "gpt-5.1-codex", calls[0].RequestModel)
	assert.Equal(t, "openai", calls[0].Provider)
	assert.Equal(t, usage.Known(300), calls[0].Usage.Input)

	calls = resolved(t, testSpan{name: "handle_responses", id: 3, parent: 2, scope: "codex_cli_rs", dur: 80, attrs: answer})
	require.Len(t, calls, 1, "it is a call without one as well")
	assert.Empty(t, calls[0].RequestModel)
}

func TestClaudeCodesFastModeIsToldAsAnthropicTellsIt(t *testing.T) {
	t.Parallel()
	for speed, want := range map[string]string{"fast": `{"speed":"fast"}`, "normal": ""} {
		c := one(t, "com.anthropic.claude_code.tracing", chat("", 9, 9, attrs{"speed": speed}))
		assert.Equal(t, want, c.ProviderUsage)
		assert.Equal(t, usage.Known(9), c.Usage.Input)
	}
	c := one(t, "acme", chat("", 9, 9, attrs{"speed": "fast"}))
	assert.Empty(t, c.ProviderUsage)
}
