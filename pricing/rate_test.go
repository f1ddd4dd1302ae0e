package pricing

import (
	"errors"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/costkey/costkey-otel/usage"
)

func TestRateTimesCountIsExact(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rate string
		per  uint64
		n    int64
		want string
	}{
		{"2.5", million, 1000, "0.0025"},
		{"2.5", million, 1, "0.0000025"},
		{"0.000001", million, 3, "0.000000000003"},
		{"150", million, usage.MaxCount, "150000"},
		{"0.01", 1, 7, "0.07"},
		{"0.0105", million, 1_000_000, "0.0105"},
		{"0", million, 1_000_000, "0"},
		{"1/12", million, 12_000_000, "1"},
		{"1/12", million, 1_000_000, "0.083333333333333333"},
		{"1/12", million, 1, "0.000000083333333333"},
		{"0.017/60", 1, 60, "0.017"},
		{"0.017/60", 1, 1, "0.000283333333333333"},
		{"0.111/3600", 1, 3600, "0.111"},
		{"100", 1, usage.MaxCount, "100000000000"},
		{"0.000000000001", million, 1, "0.000000000000000001"},
		{"0.0000000000005", million, 1, "0"},                    // half a unit, ties to even
		{"0.0000000000015", million, 1, "0.000000000000000002"}, // one and a half, ties to even
		{"0.0000000000025", million, 1, "0.000000000000000002"}, // two and a half, ties to even
	} {
		r, err := ParseRate(c.rate, c.per)
		if err != nil {
			t.Errorf("ParseRate(%q): %v", c.rate, err)
			continue
		}
		if got := r.Cost(c.n); got.String() != c.want {
			t.Errorf("%s per %d × %d = %s, want %s", c.rate, c.per, c.n, got, c.want)
		}
	}
}

func TestRateRefusesWhatIsNoRate(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "-1", "1/0", "1/-2", "1/x", "1/1.5", "1/20000", "1/2/3", "/2", "1/", "1e-6", "100000001",
		"0.0000000000000000001", strings.Repeat("9", 50),
	} {
		if r, err := ParseRate(s, million); !errors.Is(err, ErrRate) {
			t.Errorf("ParseRate(%q) = %v, %v; want ErrRate", s, r, err)
		}
	}
}

func TestEqualRatesAreEqualHoweverTheyAreWritten(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{{"1.5", "1.50"}, {"0.5", "1/2"}, {"0", "0/7"}, {"2", "24/12"}} {
		a, err1 := ParseRate(pair[0], million)
		b, err2 := ParseRate(pair[1], million)
		if err1 != nil || err2 != nil || a != b {
			t.Errorf("%s is %v (%v), %s is %v (%v)", pair[0], a, err1, pair[1], b, err2)
		}
	}
}

func TestRatesRoundHalfEvenOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		amount := strconv.FormatInt(rapid.Int64Range(0, 99_999_999).Draw(t, "whole"), 10) + "." +
			rapid.StringMatching(`[0-9]{1,18}`).Draw(t, "decimals")
		divisor := rapid.Int64Range(1, maxDivisor).Draw(t, "divisor")
		n := rapid.Int64Range(0, usage.MaxCount).Draw(t, "count")
		r, err := ParseRate(amount+"/"+strconv.FormatInt(divisor, 10), million)
		if err != nil {
			t.Fatal(err)
		}
		exact, _ := new(big.Rat).SetString(amount)
		exact.Mul(exact, big.NewRat(n, divisor*million))
		checkNearest(t, r.Cost(n), exact)

		f := factor{num: uint64(rapid.Int64Range(1, maxFactor*factorUnit).Draw(t, "factor")), den: factorUnit}
		d := factor{num: uint64(rapid.Int64Range(1, maxDiscount*discountUnit).Draw(t, "discount")), den: discountUnit}
		scaled := r.times(f).times(f).times(d)
		exact.Mul(exact, big.NewRat(int64(f.num*f.num*d.num), factorUnit*factorUnit*discountUnit))
		checkNearest(t, scaled.Cost(n), exact)
	})
}

// checkNearest fails unless got is exact rounded half to even at the 18th decimal.
func checkNearest(t *rapid.T, got Money, exact *big.Rat) {
	if want := halfEven(exact); bigMoney(got).Cmp(want) != 0 {
		t.Fatalf("got %v, want %v units, exactly %s", got, want, exact.FloatString(30))
	}
}

// halfEven rounds an amount in USD to units of 10^-18, by the textbook.
func halfEven(usd *big.Rat) *big.Int {
	units := new(big.Rat).Mul(usd, new(big.Rat).SetInt64(oneUSD))
	floor, rest := new(big.Int).DivMod(units.Num(), units.Denom(), new(big.Int))
	switch rest.Lsh(rest, 1).Cmp(units.Denom()) {
	case 1:
		floor.Add(floor, big.NewInt(1))
	case 0:
		if floor.Bit(0) == 1 {
			floor.Add(floor, big.NewInt(1))
		}
	}
	return floor
}

func TestMultipliersAreExactAndBounded(t *testing.T) {
	t.Parallel()
	f, err := parseFactor("1.1")
	if err != nil || f != (factor{num: 11, den: 10}) {
		t.Errorf("parseFactor(1.1) = %v, %v", f, err)
	}
	for _, s := range []string{"", "-1", "101", "1.00001", "x", strings.Repeat("9", 40)} {
		if f, err := parseFactor(s); err == nil {
			t.Errorf("parseFactor(%q) = %v", s, f)
		}
	}
}
