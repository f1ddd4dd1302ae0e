package pricing

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/usage"
)

func fresh(t *testing.T) *Table {
	t.Helper()
	table, err := Load(EmbeddedCatalogue())
	require.NoError(t, err)
	return table
}

func TestWhatIsRememberedOfAnIDIsWhatIsDerivedAnew(t *testing.T) {
	t.Parallel()
	var queries []Query
	for _, id := range [][2]string{
		{"aws.bedrock", "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-8-v1:0"},
		{"aws.bedrock", "anthropic.claude-3-5-sonnet-20240620-v1:0"},
		{"aws.bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"},
		{"gcp.vertex_ai", "publishers/anthropic/models/claude-sonnet-4-5@20250929"},
		{"gcp.gemini", "models/gemini-2.5-pro"},
		{"openai", "openai/GPT-4o-mini"},
		{"openai", "ft:gpt-4o-mini-2024-07-18:acme::abc"},
		{"openai", "ft:gpt-4o:acme::abc"},
		{"deepseek", "models/deepseek-chat"},
		{"openai", "models/gpt-nobody-knows"},
	} {
		for _, at := range []string{"2025-03-01T17:00:00Z", "2026-09-23T03:00:00Z"} {
			for _, tier := range []string{"", "batch"} {
				when, err := time.Parse(time.RFC3339, at)
				require.NoError(t, err)
				queries = append(queries, Query{
					Provider: id[0], ResponseModel: id[1], AtNanos: when.UnixNano(), ServiceTier: tier,
					Usage: &usage.Usage{Input: usage.Known(1000), Output: usage.Known(100)},
				})
			}
		}
	}
	want := make([]Result, len(queries))
	for i := range queries {
		want[i] = fresh(t).Price(&queries[i])
	}
	table := fresh(t)
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for round := range 3 {
				for i := range queries {
					at := (i*(worker+1) + round) % len(queries)
					assert.Equal(t, want[at], table.Price(&queries[at]), "%+v", queries[at])
				}
			}
		})
	}
	wg.Wait()
}

func TestFewDerivedIDsAreRemembered(t *testing.T) {
	t.Parallel()
	var d derivedIDs
	for i := range 3 * maxDerived {
		d.put(fmt.Sprint("id-", i), idEntry{})
		assert.LessOrEqual(t, len(d.ids), maxDerived)
	}
	_, ok := d.get(fmt.Sprint("id-", 3*maxDerived-1))
	assert.True(t, ok)
}
