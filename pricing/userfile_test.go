package pricing_test

import (
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/usage"
)

const ownBase = `{"schema":"costkey.prices/1","as_of":"2026-01-01","providers":[{"id":"p","models":[
 {"id":"m","aliases":["m-alias"],"multipliers":{"us":"1.1"},"rows":[{"rates":{"input":"3","output":"15"}}]},
 {"id":"n","rows":[{"rates":{"input":"1"}}]}]}]}`

func loadOwn(t require.TestingT, file string) *pricing.Table {
	table, err := pricing.LoadWithOwn(strings.NewReader(ownBase), []byte(file))
	require.NoError(t, err)
	return table
}

func askOwn(model string, at time.Time) *pricing.Query {
	return &pricing.Query{
		Provider: "p", ResponseModel: model, AtNanos: at.UnixNano(), Usage: &usage.Usage{Input: usage.Known(1_000_000)},
	}
}

func TestOwnPricesAndDiscountsLieOverTheCatalogue(t *testing.T) {
	t.Parallel()
	table := loadOwn(t, `
prices:
  - provider: p
    model: ours
    aliases: [ours-v2]
    rows:
      - rates: {input: 2.50}
        until: 2026-06-01
      - {rates: {input: "2"}, from: 2026-06-01}
  - provider: p
    model: n
    rows: [{rates: {input: 7}}]
  - provider: elsewhere
    model: theirs
    rows: [{rates: {input: 0.5}}]
discounts:
  - {provider: p, multiplier: 0.9}
  - {provider: p, model: m-alias, multiplier: "0.5", from: 2026-02-01, until: 2026-03-01}
`)
	jan, feb, jun := day("2026-01-31"), day("2026-02-01"), day("2026-06-01")
	for _, c := range []struct {
		name, model    string
		at             time.Time
		cost, discount string
	}{
		{"a model of the user's own has the provider's discount", "ours", jan, "2.25", "0.9"},
		{"an alias of it too", "ours-v2", jan, "2.25", "0.9"},
		{"a row ends when the next begins", "ours", jun, "1.8", "0.9"},
		{"a price of the catalogue is overridden", "n", jan, "6.3", "0.9"},
		{"before a model's discount its provider's holds", "m", jan, "2.7", "0.9"},
		{"a model's discount goes before its provider's", "m", feb, "1.5", "0.5"},
		{"its end is exclusive", "m", day("2026-03-01"), "2.7", "0.9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			res := table.Price(askOwn(c.model, c.at))
			assert.Equal(t, pricing.StatusPriced, res.Status)
			assert.Equal(t, c.cost, res.Cost.String())
			assert.Equal(t, c.discount, res.Discount)
		})
	}
	q := askOwn("theirs", jan)
	q.Provider = "elsewhere"
	assert.Equal(t, "0.5", table.Price(q).Cost.String(), "a provider of the user's own, without a discount")
	assert.Equal(t, day("2026-01-01"), table.AsOf())
	assert.NotEqual(t, loadOwn(t, "").Version(), table.Version())
}

func day(s string) time.Time {
	at, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}
	}
	return at
}

func TestEveryProblemOfAnOwnFileIsToldWithItsLine(t *testing.T) {
	t.Parallel()
	_, err := pricing.LoadWithOwn(strings.NewReader(ownBase), []byte(`prices:
  - provider: p
    model: a
    rows:
      - rates: {input: -1}
      - rates: {inptu: 1}
      - {rates: {input: 1}, until: yesterday}
  - provider: p
    rows: []
  - provider: p
    model: b
    rows:
      - rates: {input: 1}
      - rates: {input: 2}
    colour: red
  - {provider: p, model: B, rows: [{rates: {input: 1}}]}
discounts:
  - {provider: p, multiplier: 0}
  - {provider: p, multiplier: 10.5}
  - {provider: p, model: m, multiplier: 0.5, from: 2026-02-01, until: 2026-01-01}
`))
	require.ErrorIs(t, err, pricing.ErrCatalogue)
	for _, want := range []string{
		"line 5: ", `line 6: unknown rate "inptu"`, `line 7: "yesterday"`, "line 8: a price needs", "line 14: the row holds",
		`line 15: unknown key "colour"`, `line 16: "B" of provider "p" is priced in line 10 too`,
		"line 18: read multiplier", "line 19: read multiplier", "line 20: the discount ends",
	} {
		assert.ErrorContains(t, err, want)
	}
}

func TestADiscountMustBeOfSomethingAndStandAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, want string }{
		"an unknown provider": {"discounts:\n - {provider: q, multiplier: 0.5}", `line 2: no provider "q"`},
		"an unknown model":    {"discounts:\n - {provider: p, model: x, multiplier: 0.5}", `line 2: provider "p" has no model "x"`},
		"two at once": {
			"discounts:\n - {provider: p, multiplier: 0.5}\n - {provider: p, multiplier: 0.6, from: 2026-01-01}",
			"line 3: two discounts",
		},
		"no YAML":       {"prices: [", "line 1"},
		"two documents": {"prices: []\n---\nprices: []", "more than one"},
		"no mapping":    {"- a", "line 1: want keys and values"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := pricing.LoadWithOwn(strings.NewReader(ownBase), []byte(c.file))
			require.ErrorIs(t, err, pricing.ErrCatalogue)
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestAModelWithADiscountOfItsOwnIsNoStandInForItsFamily(t *testing.T) {
	t.Parallel()
	const snapshots = `
prices:
  - {provider: openai, model: "ft:zz-2026-01-01", rows: [{rates: {input: 4}}]}
  - {provider: openai, model: "ft:zz-2026-02-02", rows: [{rates: {input: 4}}]}
`
	ask := func(file string) pricing.Result {
		table, err := pricing.LoadWithOwn(pricing.EmbeddedCatalogue(), []byte(file))
		require.NoError(t, err)
		q := askOwn("ft:zz:org::id", day("2026-03-03"))
		q.Provider = "openai"
		return table.Price(q)
	}
	assert.Equal(t, pricing.StatusPriced, ask(snapshots).Status)
	assert.Equal(t, pricing.StatusUnknownModel,
		ask(snapshots+"discounts: [{provider: openai, model: \"ft:zz-2026-01-01\", multiplier: 0.5}]\n").Status)
}

func TestALayeredPriceIsWhatOneReckonsByHandAndNeverNegative(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rate := fmt.Sprintf("%d.%06d", rapid.IntRange(0, 5000).Draw(t, "usd"), rapid.IntRange(1, 999_999).Draw(t, "micros"))
		parts := rapid.IntRange(1, 100_000).Draw(t, "multiplier")
		tokens := rapid.Int64Range(1, usage.MaxCount).Draw(t, "tokens")
		table := loadOwn(t, fmt.Sprintf(
			"prices: [{provider: p, model: own, rows: [{rates: {input: %s}}]}]\ndiscounts: [{provider: p, multiplier: %d.%04d}]",
			rate, parts/10_000, parts%10_000))
		q := askOwn("own", day("2026-01-01"))
		q.Usage.Input = usage.Known(tokens)
		res := table.Price(q)
		exact, _ := new(big.Rat).SetString(rate)
		exact.Mul(exact, big.NewRat(tokens*int64(parts), 1_000_000*10_000))
		got, ok := new(big.Rat).SetString(res.Cost.String())
		if !ok || res.Status != pricing.StatusPriced || got.Sign() < 0 || got.Cmp(exact) != 0 {
			t.Fatalf("got %s %s, want %s", res.Status, res.Cost, exact.FloatString(20))
		}
	})
}
