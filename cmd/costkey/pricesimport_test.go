package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const liteLLMList = `{
 "sample_spec": {"litellm_provider": "one of the providers"},
 "gpt-4o": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05},
 "gpt-4o-mini": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1.6e-07, "output_cost_per_token": 6e-07, "vector_store_cost_per_gb_per_day": 0.1},
 "groq/new-one": {"litellm_provider": "groq", "mode": "chat", "input_cost_per_token": 1.25e-06, "output_cost_per_token": 2e-06},
 "groq/unpriced": {"litellm_provider": "groq", "mode": "chat"}
}`

func importList(t *testing.T, content string, args ...string) result {
	t.Helper()
	return costkey(t, append([]string{"prices", "import", write(t, content), "--data-dir", t.TempDir()}, args...)...)
}

func TestAnImportedListIsAPricesFile(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "prices.yaml")
	got := importList(t, liteLLMList, "--out", out)
	require.Equal(t, exitDone, got.status, got.stderr)
	assert.Empty(t, got.stdout)
	assert.Equal(t, strings.Join([]string{
		"groq groq/unpriced (not imported): the list has no price that own prices can say",
		"openai gpt-4o-mini (imported): vector_store_cost_per_gb_per_day: own prices have nothing like it",
		"openai gpt-4o-mini (imported): takes the place of the catalogue's price, with its history and multipliers, batch rates, priority rates",
		"openai gpt-4o-mini (imported): differs: input: 0.16, the catalogue says 0.15",
		"2 models imported; 1 cost what the catalogue says, and are left out; 1 could not be imported.\n",
	}, "\n"), got.stderr)
	look := costkey(t, "prices", "lookup", "new-one", "--provider", "groq", "--input", "1000000", "--format", "csv", "--prices-file", out)
	assert.Contains(t, look.stdout, "groq,new-one,new-one,priced,1.25,", look.stderr)

	got = importList(t, liteLLMList, "--out", out)
	assert.Equal(t, exitMisuse, got.status)
	assert.Contains(t, got.stderr, "is there already")
	got = importList(t, `[{"id":"groq","models":[{"id":"other","match":{"equals":"other"},"prices":{"input_mtok":0.59}}]}]`, "--out", out, "--force")
	require.Equal(t, exitDone, got.status, got.stderr)
	file, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.Contains(t, string(file), "{input: 0.59}")
	assert.NotContains(t, string(file), "new-one")
}

func TestAnImportChoosesModels(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"what is new":                 {nil, []string{"new-one", "gpt-4o-mini"}},
		"all":                         {[]string{"--all"}, []string{"new-one", "gpt-4o", "gpt-4o-mini"}},
		"a provider":                  {[]string{"--provider", "openai", "--all"}, []string{"gpt-4o", "gpt-4o-mini"}},
		"two providers":               {[]string{"--provider", "groq,anthropic"}, []string{"new-one"}},
		"a model by its id":           {[]string{"--model", "NEW-one"}, []string{"new-one"}},
		"a model by the list's name":  {[]string{"--model", "groq/new-one"}, []string{"new-one"}},
		"models by a beginning":       {[]string{"--model", "gpt-4o*", "--all"}, []string{"gpt-4o", "gpt-4o-mini"}},
		"a form that is said":         {[]string{"--from", "litellm"}, []string{"new-one", "gpt-4o-mini"}},
		"nothing that isn't the same": {[]string{"--model", "gpt-4o"}, nil},
	} {
		got := importList(t, liteLLMList, c.args...)
		require.Equal(t, exitDone, got.status, got.stderr)
		var models []string
		for line := range strings.Lines(got.stdout) {
			if model, ok := strings.CutPrefix(strings.TrimSpace(line), "model: "); ok {
				models = append(models, model)
			}
		}
		assert.Equal(t, c.want, models, name)
	}
}

func TestAListThatCannotBeImported(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content, problem string
		args             []string
		status           int
	}{
		"no price list":         {`{"a": 1}`, "not a price list", nil, exitFailed},
		"not of the form said":  {liteLLMList, "not a price list", []string{"--from", "genai-prices"}, exitFailed},
		"a form that is none":   {liteLLMList, "--from must be", []string{"--from", "helicone"}, exitMisuse},
		"no such model":         {liteLLMList, "no such model", []string{"--model", "gpt-77"}, exitFailed},
		"a catalogue not there": {liteLLMList, "read catalogue", []string{"--catalogue", "none.json"}, exitFailed},
	} {
		got := importList(t, c.content, c.args...)
		assert.Equal(t, c.status, got.status, name)
		assert.Contains(t, got.stderr, c.problem, name)
		assert.Empty(t, got.stdout, name)
	}
}
