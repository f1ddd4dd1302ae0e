package pricing

import (
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// MaxRateUSD bounds a rate, in USD per token or unit.
const MaxRateUSD = 100

// ErrRate is what ParseRate wraps for text that is no rate.
var ErrRate = errors.New("not a rate")

// million is how many tokens most rates are quoted for.
const million = 1_000_000

// maxDivisor bounds the divisor of a rate such as "0.111/3600".
const maxDivisor = 10_000

// Rate is an exact price of one token or unit: a fraction of 10^-18 USD in lowest terms. The zero value is free.
// Values compare with ==.
type Rate struct {
	num uint128
	den uint64 // 0 stands for 1, so that the zero value is a rate
}

// ParseRate reads a rate quoted in USD for per units (1, or 1,000,000 for "per million"): a plain decimal of at most 18
// places, or such a decimal and a whole divisor, "0.017/60", for rates whose unit of origin is not ours (USD 0.017 per
// minute, billed by the second). The fraction stays exact. A negative rate, one above MaxRateUSD per unit or a divisor
// outside 1…10,000 is an error. Errors wrap ErrRate.
func ParseRate(s string, per uint64) (Rate, error) {
	amount, divisor, divided := strings.Cut(s, "/")
	den := per
	if divided {
		d, err := strconv.ParseUint(divisor, 10, 64)
		if err != nil || d == 0 || d > maxDivisor {
			return Rate{}, fmt.Errorf("read %.40q: %w: want a divisor from 1 to %d", s, ErrRate, maxDivisor)
		}
		den *= d
	}
	num, err := parseDecimal(amount, MoneyScale)
	if err != nil {
		return Rate{}, fmt.Errorf("read %.40q: %w: %w", s, ErrRate, err)
	}
	if num.cmp(mul64(MaxRateUSD*per, oneUSD)) > 0 {
		return Rate{}, fmt.Errorf("read %.40q: %w: above %d USD a unit", s, ErrRate, MaxRateUSD)
	}
	return Rate{num: num, den: den}.reduced(), nil
}

// IsZero reports whether the rate is free.
func (r Rate) IsZero() bool { return r.num == uint128{} }

// Cost returns what n units cost, rounded half to even at the 18th decimal where the product has more; most rates
// need no rounding. n outside 0…usage.MaxCount is a mistake of the caller, whose result means nothing.
func (r Rate) Cost(n int64) Money {
	if r.den <= 1 && r.num.hi == 0 { // Fast path - nearly every rate is whole units of 10^-18 USD in 64 bits
		hi, lo := bits.Mul64(r.num.lo, uint64(n))
		return Money{hi: int64(hi), lo: lo}
	}
	hi, mid, lo := r.num.mulWide(uint64(n))
	p := wideHalfEven(hi, mid, lo, max(r.den, 1))
	return Money{hi: int64(p.hi), lo: p.lo}
}

// times returns the rate times a multiplier, exactly.
func (r Rate) times(f factor) Rate {
	return Rate{num: r.num.mul(f.num), den: max(r.den, 1) * f.den}.reduced()
}

// PerMillion returns the rate in USD per million units, rounded to 18 decimals where it has more.
func (r Rate) PerMillion() Money { return r.Cost(million) }

// PerUnit returns the rate in USD per unit, rounded to 18 decimals where it has more.
func (r Rate) PerUnit() Money { return r.Cost(1) }

func (r Rate) reduced() Rate {
	den := max(r.den, 1)
	_, rest := r.num.divmod(den)
	g := gcd(den, rest)
	r.num, _ = r.num.divmod(g)
	r.den = den / g
	if r.den == 1 {
		r.den = 0 // one form for one value, since rates compare with ==
	}
	return r
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// factor is a multiplier on rates, num/den in lowest terms.
type factor struct {
	num, den uint64
}

// factorScale is the number of decimals of a catalogue's multiplier and maxFactor its largest value. A price has at most
// two of them and one discount. They bound what Rate.times makes: the numerator, at most 10^26 (MaxRateUSD × 10^6 tokens
// in 10^-18 USD) × 10^3 × 10^3 × maxDiscount × discountUnit = 10^37, fits 128 bits, and the denominator, at most 10^6 ×
// maxDivisor × 10^2 × 10^2 × discountUnit = 10^18, fits 64.
const (
	factorScale = 2
	factorUnit  = 100
	maxFactor   = 10
)

// parseFactor reads a multiplier such as "1.1".
func parseFactor(s string) (factor, error) {
	v, err := parseDecimal(s, factorScale)
	if err != nil {
		return factor{}, fmt.Errorf("read multiplier %.40q: %w: %w", s, ErrRate, err)
	}
	if v.hi > 0 || v.lo > maxFactor*factorUnit {
		return factor{}, fmt.Errorf("read multiplier %.40q: %w: above %d", s, ErrRate, maxFactor)
	}
	g := gcd(factorUnit, v.lo)
	return factor{num: v.lo / g, den: factorUnit / g}, nil
}
