package pricing

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func mustMoney(t testing.TB, s string) Money {
	t.Helper()
	m, err := ParseMoney(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMoneyPrintsAsAPlainDecimal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"0", "0"},
		{"-0", "0"},
		{"0.000", "0"},
		{"1", "1"},
		{"00012.50", "12.5"},
		{"-0.5", "-0.5"},
		{"0.000000000000000001", "0.000000000000000001"},
		{"-0.000000000000000001", "-0.000000000000000001"},
		{"0.0000000000000000010", "0.000000000000000001"},
		{"100000000000000", "100000000000000"},
		{"999999999999999.999999999999999999", "999999999999999.999999999999999999"},
		{"1000000000000000", "1000000000000000"},
		{"18446744073709551.615", "beyond"},
		{"0.0105", "0.0105"},
	} {
		m, err := ParseMoney(c.in)
		if c.want == "beyond" {
			if !errors.Is(err, ErrMoney) {
				t.Errorf("ParseMoney(%q) = %v, %v; want ErrMoney", c.in, m, err)
			}
			continue
		}
		if err != nil || m.String() != c.want {
			t.Errorf("ParseMoney(%q) = %v, %v; want %s", c.in, m, err, c.want)
		}
	}
}

func TestMoneyRefusesWhatIsNoPlainDecimal(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "-", "--1", "+1", ".", ".5", "1.", "1..2", "1.2.3", "1e-3", "1E3", "0x1", "NaN", "Inf", "1,000", " 1", "1 ",
		"1.0000000000000000001", "1000000000000000.000000000000000001", strings.Repeat("9", 60), "１",
	} {
		if m, err := ParseMoney(s); !errors.Is(err, ErrMoney) {
			t.Errorf("ParseMoney(%q) = %v, %v; want ErrMoney", s, m, err)
		}
	}
}

func TestMoneyReachesTheEndsOfItsRange(t *testing.T) {
	t.Parallel()
	lowest := MoneyFromParts(math.MinInt64, 0)
	if got, want := lowest.String(), "-170141183460469231731.687303715884105728"; got != want {
		t.Errorf("lowest = %s, want %s", got, want)
	}
	highest := MoneyFromParts(math.MaxInt64, math.MaxUint64)
	if got, want := highest.String(), "170141183460469231731.687303715884105727"; got != want {
		t.Errorf("highest = %s, want %s", got, want)
	}
	one := MoneyFromParts(0, 1)
	if _, ok := highest.AddChecked(one); ok {
		t.Error("the highest amount plus one unit is said to fit")
	}
	if _, ok := lowest.AddChecked(one.Neg()); ok {
		t.Error("the lowest amount minus one unit is said to fit")
	}
	if sum, ok := highest.AddChecked(lowest); !ok || sum != one.Neg() {
		t.Errorf("highest + lowest = %v, %v; want one unit below 0", sum, ok)
	}
}

func TestMoneyIsADecimalStringInJSON(t *testing.T) {
	t.Parallel()
	data, err := json.Marshal(map[string]Money{"usd": mustMoney(t, "-12.50")})
	if err != nil || string(data) != `{"usd":"-12.5"}` {
		t.Fatalf("marshal = %s, %v", data, err)
	}
	var back map[string]Money
	if err := json.Unmarshal(data, &back); err != nil || back["usd"] != mustMoney(t, "-12.5") {
		t.Errorf("unmarshal = %v, %v", back, err)
	}
	for _, bad := range []string{`{"usd":1.5}`, `{"usd":"1e3"}`, `{"usd":true}`} {
		if err := json.Unmarshal([]byte(bad), &back); err == nil {
			t.Errorf("unmarshal of %s is accepted", bad)
		}
	}
}

// anyMoney draws amounts over the whole range, the edges of its halves included.
func anyMoney(t *rapid.T, label string) Money {
	hi := rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{0, -1, 1, math.MaxInt64, math.MinInt64})).Draw(t, label+" hi")
	lo := rapid.OneOf(rapid.Uint64(), rapid.SampledFrom([]uint64{0, 1, math.MaxUint64})).Draw(t, label+" lo")
	return MoneyFromParts(hi, lo)
}

// bigMoney is the oracle's form of an amount, in units of 10^-18 USD.
func bigMoney(m Money) *big.Int {
	hi, lo := m.Parts()
	v := new(big.Int).Lsh(big.NewInt(hi), 64)
	return v.Add(v, new(big.Int).SetUint64(lo))
}

func TestMoneyArithmeticIsThatOfIntegers(t *testing.T) {
	t.Parallel()
	lowest, highest := bigMoney(MoneyFromParts(math.MinInt64, 0)), bigMoney(MoneyFromParts(math.MaxInt64, math.MaxUint64))
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyMoney(t, "a"), anyMoney(t, "b")
		x, y := bigMoney(a), bigMoney(b)
		sum := new(big.Int).Add(x, y)
		fits := sum.Cmp(lowest) >= 0 && sum.Cmp(highest) <= 0
		got, ok := a.AddChecked(b)
		if ok != fits || (fits && bigMoney(got).Cmp(sum) != 0) {
			t.Fatalf("%v + %v = %v, %v", a, b, got, ok)
		}
		if got := a.Cmp(b); got != x.Cmp(y) {
			t.Fatalf("%v cmp %v = %d", a, b, got)
		}
		if a.Sign() != x.Sign() || a.IsZero() != (x.Sign() == 0) {
			t.Fatalf("sign of %v = %d", a, a.Sign())
		}
		if a.Sub(b).Add(b) != a || a.Add(b.Neg()) != a.Sub(b) {
			t.Fatalf("%v - %v + %v is not %v", a, b, b, a)
		}
	})
}

func TestMoneyTextIsExactAndReadsBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := anyMoney(t, "m")
		text := m.String()
		r, ok := new(big.Rat).SetString(text)
		if !ok || strings.ContainsAny(text, "eE+") || strings.HasPrefix(text, ".") {
			t.Fatalf("%q is no plain decimal", text)
		}
		if strings.Contains(text, ".") && strings.HasSuffix(text, "0") {
			t.Fatalf("%q ends in a zero", text)
		}
		want := new(big.Rat).SetFrac(bigMoney(m), big.NewInt(oneUSD))
		if r.Cmp(want) != 0 {
			t.Fatalf("%q is not %s", text, want)
		}
		if back, err := ParseMoney(text); err == nil && back != m {
			t.Fatalf("%q reads back as %v", text, back)
		}
	})
}
