package pricing_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/usage"
)

func TestAUsersOwnNamesMeanProvidersAndModels(t *testing.T) {
	t.Parallel()
	table, err := pricing.LoadWithOwn(pricing.EmbeddedCatalogue(), []byte(`
providers:
  my-gateway: openai
models:
  my-deployment: gpt-4o
  llama-3.1-8b-instant: gpt-4o
  azure.ai.openai:
    ours: gpt-4o-mini
  my-gateway: {fast: gpt-4o-mini}
`))
	require.NoError(t, err)
	for _, c := range []struct {
		name, provider, answered, asked string
		model, rule                     string // "" is not found
	}{
		{"a gateway of one's own", "my-gateway", "gpt-4o", "", "gpt-4o", "exact"},
		{"a model in the gateway's form", "my-gateway", "openai/gpt-4o", "", "gpt-4o", "prefix"},
		{"a name that the gateway alone has", "my-gateway", "fast", "", "gpt-4o-mini", "exact+mapped"},
		{"a name of any provider", "openai", "", "my-deployment", "gpt-4o", "exact+mapped"},
		{"the same where the model is sold too", "azure.ai.openai", "", "my-deployment", "gpt-4o", "exact+mapped"},
		{"the same where the model is not sold", "anthropic", "", "my-deployment", "", ""},
		{"a listed model that is mapped to one that is sold elsewhere", "groq", "llama-3.1-8b-instant", "", "llama-3.1-8b-instant", "exact"},
		{"a name of one provider", "azure.ai.openai", "", "ours", "gpt-4o-mini", "exact+mapped"},
		{"the same at another", "openai", "", "ours", "", ""},
		{"a listed answer goes before a mapped name", "azure.ai.openai", "gpt-5", "ours", "gpt-5", "exact"},
		{"a mapped name goes before nothing", "azure.ai.openai", "gpt-7-mini", "ours", "gpt-4o-mini", "exact+request_model+mapped"},
		{"a gateway that nobody mapped", "their-gateway", "gpt-4o", "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			res := table.Price(&pricing.Query{
				Provider: c.provider, ResponseModel: c.answered, RequestModel: c.asked,
				AtNanos: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC).UnixNano(), Usage: &usage.Usage{Input: usage.Known(1000)},
			})
			assert.Equal(t, c.model, res.Model)
			assert.Equal(t, c.rule, res.Rule)
		})
	}
	assert.NotEqual(t, pricing.Embedded().Version(), table.Version())
	q := pricing.Query{Provider: "my-gateway", ResponseModel: "fast", Usage: &usage.Usage{Input: usage.Known(1000)}}
	table.Price(&q)
	assert.Equal(t, pricing.StatusPriced, table.Price(&q).Status)
}

func TestAMappedModelHasADiscountOfItsOwnProvider(t *testing.T) {
	t.Parallel()
	table := loadOwn(t, "providers: {g: p}\nmodels: {x: m}\ndiscounts: [{provider: p, multiplier: 0.5}]")
	q := askOwn("x", time.Time{})
	q.Provider = "g"
	assert.Equal(t, "1.5", table.Price(q).Cost.String())
}

func TestEveryProblemOfAUsersNamesIsToldWithItsLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, want string }{
		"a provider that does not exist":  {"providers:\n  g: nobody\n", `line 2: no provider "nobody"`},
		"a model that nobody sells":       {"models:\n  x: nothing\n", `line 2: no provider has a model "nothing"`},
		"a model that one does not sell":  {"models:\n  p:\n    x: nothing\n", `line 3: provider "p" has no model "nothing"`},
		"names of a provider that is not": {"models:\n  q:\n    x: m\n", `line 3: no provider "q"`},
		"a name of itself":                {"models:\n  m: m\n", `line 2: "m" is mapped to itself`},
		"a name of nothing":               {"models:\n  x:\n", "line 2: want a text"},
		"no name":                         {"providers:\n  \" \": p\n", "line 2: want a name"},
		"a list":                          {"providers: [g]\n", "line 1: want keys and values"},
		"a name twice":                    {"models:\n  x: m\n  x: n\n", `line 3: key "x" is there twice`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := pricing.LoadWithOwn(strings.NewReader(ownBase), []byte(c.file))
			require.ErrorIs(t, err, pricing.ErrCatalogue)
			assert.ErrorContains(t, err, c.want)
		})
	}
	_, err := pricing.LoadWithOwn(strings.NewReader(ownBase), []byte("providers:\n  g: nobody\nmodels:\n  x: nothing\n  p: {y: none}\n"))
	for _, want := range []string{"line 2: ", "line 4: ", "line 5: "} {
		assert.ErrorContains(t, err, want, "all at once")
	}
}

func TestTheLineThatWouldGiveACallAPriceIsProposed(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC).UnixNano()
	for _, c := range []struct{ provider, model, want string }{
		{"my-gateway", "gpt-4o", "providers: {my-gateway: openai}"},
		{"my gateway: new", "claude-opus-5", `providers: {"my gateway: new": anthropic}`},
		{"my-gateway", "in-house", "providers: {my-gateway: PROVIDER}"},
		{"azure.ai.openai", "my-deployment", "models: {azure.ai.openai: {my-deployment: MODEL}}"},
		{"openai", "gpt-4o-mini-2099-01-01", "models: {openai: {gpt-4o-mini-2099-01-01: gpt-4o-mini}}"},
		{"openai", "4", `models: {openai: {"4": MODEL}}`},
		{"openai", "gpt-4o", ""},
		{"", "gpt-4o", ""},
	} {
		got := pricing.Embedded().Proposal(c.provider, c.model, at)
		assert.Equal(t, c.want, got)
		if got == "" || strings.Contains(got, "PROVIDER") || strings.Contains(got, "MODEL") {
			continue
		}
		table, err := pricing.LoadWithOwn(pricing.EmbeddedCatalogue(), []byte(got))
		require.NoError(t, err, "the proposal is a prices file")
		q := pricing.Query{Provider: c.provider, ResponseModel: c.model, AtNanos: at, Usage: &usage.Usage{Input: usage.Known(1)}}
		assert.Equal(t, pricing.StatusPriced, table.Price(&q).Status, got)
	}
}
