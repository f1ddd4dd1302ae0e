package costing_test

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/costkey/costkey-otel/costing"
	"github.com/costkey/costkey-otel/pricing"
)

func usd(t rapid.TB, s string) pricing.Money {
	m, err := pricing.ParseMoney(s)
	if err != nil {
		t.Fatalf("read %q: %v", s, err)
	}
	return m
}

func TestCostsDisagreeWhenTheyAreMoreThanOnePercentOfOursApart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ours, reported string
		want           bool
	}{
		"equal":                          {"0.0035", "0.0035", false},
		"exactly one percent above":      {"0.01", "0.0101", false},
		"exactly one percent below":      {"0.01", "0.0099", false},
		"a digit more than one percent":  {"0.01", "0.010100000000000001", true},
		"a digit more, below":            {"0.01", "0.009899999999999999", true},
		"the smallest amounts":           {"0.000000000000000001", "0.000000000000000002", true},
		"a reported zero":                {"0.01", "0", true},
		"a call that was not billed":     {"0", "0.000001", true},
		"a free call reported as free":   {"0", "0", false},
		"amounts of the world's economy": {"1000000000000000", "999999999", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := costing.Disagree(usd(t, c.ours), usd(t, c.reported)); got != c.want {
				t.Errorf("%s against %s reported: %v, want %v", c.ours, c.reported, got, c.want)
			}
		})
	}
}

func TestOpenRoutersFeeBesideAnOwnKeyIsNotTheWholeCost(t *testing.T) {
	t.Parallel()
	for object, want := range map[string]bool{
		"": true, `{"cost":0.00095,"is_byok":false}`: true, `{"prompt_tokens":194,"cost":0.00005,"is_byok":true}`: false,
	} {
		if got := costing.IsWhole(object); got != want {
			t.Errorf("%q: %v, want %v", object, got, want)
		}
	}
}

// anyMoney is an amount that a span can report or a price list can come to.
func anyMoney() *rapid.Generator[pricing.Money] {
	return rapid.Custom(func(t *rapid.T) pricing.Money {
		return pricing.MoneyFromParts(rapid.Int64Range(0, 1_000_000).Draw(t, "hi"), rapid.Uint64().Draw(t, "lo"))
	})
}

func TestCostsDisagreeAsFractionsDo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ours := anyMoney().Draw(t, "ours")
		reported := rapid.OneOf(anyMoney(), rapid.Just(ours), rapid.Just(pricing.Money{})).Draw(t, "reported")
		exact := func(m pricing.Money) *big.Rat {
			r, ok := new(big.Rat).SetString(m.String())
			if !ok {
				t.Fatalf("read %s", m)
			}
			return r
		}
		gap := new(big.Rat).Sub(exact(reported), exact(ours))
		want := gap.Abs(gap).Cmp(new(big.Rat).Mul(exact(ours), big.NewRat(1, 100))) > 0
		if got := costing.Disagree(ours, reported); got != want {
			t.Fatalf("%s against %s reported: %v, want %v", ours, reported, got, want)
		}
	})
}
