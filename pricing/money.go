package pricing

import (
	"errors"
	"fmt"
	"math/bits"
)

// MoneyScale is the number of decimal places of Money.
const MoneyScale = 18

// MaxParsedUSD bounds what ParseMoney accepts, on either side of zero: 10^15 USD, more than the world earns in a year.
// Money itself reaches 1.7 × 10^20 USD, so that a sum of parsed or priced amounts can't leave its range before the
// hundred-thousandth amount of that size.
const MaxParsedUSD = 1_000_000_000_000_000

// ErrMoney is what ParseMoney and the Unmarshal methods wrap for text that is no amount of money.
var ErrMoney = errors.New("not an amount of money")

// Money is an exact amount in USD: a signed 128-bit integer of 10^-18 USD. The zero value is 0 USD. Values compare
// with == and are safe to copy.
//
// The range is ±1.7 × 10^20 USD. Adding never overflows for amounts this package hands out: a price has at most 35 lines
// (the kinds of rates), each of at most usage.MaxCount = 10^9 units at MaxRateUSD = 100 USD a unit times two multipliers
// of at most 100, which makes 3.5 × 10^16 USD, thousands of times below the limit; and one parsed amount is at most
// MaxParsedUSD. Sums over unbounded many amounts belong in SQL's numeric; who must add foreign amounts here uses
// AddChecked.
type Money struct {
	hi int64
	lo uint64
}

// MoneyFromParts returns the amount whose 128-bit two's complement in units of 10^-18 USD has hi and lo as its halves.
func MoneyFromParts(hi int64, lo uint64) Money { return Money{hi: hi, lo: lo} }

// Parts returns the 128-bit two's complement of m in units of 10^-18 USD. MoneyFromParts takes it back.
func (m Money) Parts() (hi int64, lo uint64) { return m.hi, m.lo }

// Add returns m + o. See Money for why it can't overflow for priced and parsed amounts.
func (m Money) Add(o Money) Money {
	lo, carry := bits.Add64(m.lo, o.lo, 0)
	hi, _ := bits.Add64(uint64(m.hi), uint64(o.hi), carry)
	return Money{hi: int64(hi), lo: lo}
}

// AddChecked returns m + o, and false if the sum is outside the range of Money.
func (m Money) AddChecked(o Money) (Money, bool) {
	s := m.Add(o)
	overflow := (m.hi < 0) == (o.hi < 0) && (s.hi < 0) != (m.hi < 0)
	return s, !overflow
}

// Neg returns -m.
func (m Money) Neg() Money {
	lo, borrow := bits.Sub64(0, m.lo, 0)
	hi, _ := bits.Sub64(0, uint64(m.hi), borrow)
	return Money{hi: int64(hi), lo: lo}
}

// Sub returns m - o.
func (m Money) Sub(o Money) Money {
	lo, borrow := bits.Sub64(m.lo, o.lo, 0)
	hi, _ := bits.Sub64(uint64(m.hi), uint64(o.hi), borrow)
	return Money{hi: int64(hi), lo: lo}
}

// Cmp returns -1, 0 or 1 as m is below, equal to or above o.
func (m Money) Cmp(o Money) int {
	switch {
	case m == o:
		return 0
	case m.hi < o.hi, m.hi == o.hi && m.lo < o.lo:
		return -1
	default:
		return 1
	}
}

// Sign returns -1, 0 or 1 as m is below, equal to or above 0.
func (m Money) Sign() int {
	switch {
	case m.hi < 0:
		return -1
	case m.IsZero():
		return 0
	default:
		return 1
	}
}

// IsZero reports whether m is 0 USD.
func (m Money) IsZero() bool { return m == Money{} }

// String returns m as a plain decimal in USD: no exponent, no trailing zeros, "0" for zero, "-0.5" below zero.
func (m Money) String() string {
	var buf [48]byte
	return string(m.appendTo(buf[:0]))
}

// AppendText appends what String returns.
func (m Money) AppendText(b []byte) ([]byte, error) { return m.appendTo(b), nil }

// MarshalText returns what String returns; in JSON, Money is therefore a decimal string.
func (m Money) MarshalText() ([]byte, error) { return m.appendTo(nil), nil }

// UnmarshalText reads what ParseMoney reads. JSON numbers are refused, since their readers go through floats.
func (m *Money) UnmarshalText(text []byte) error {
	v, err := ParseMoney(string(text))
	if err != nil {
		return err
	}
	*m = v
	return nil
}

// oneUSD is 10^18, the units of a dollar.
const oneUSD = 1_000_000_000_000_000_000

func (m Money) appendTo(b []byte) []byte {
	mag := uint128{hi: uint64(m.hi), lo: m.lo}
	if m.hi < 0 {
		b = append(b, '-')
		n := m.Neg() // the lowest amount is its own negative, whose bits read unsigned are its magnitude
		mag = uint128{hi: uint64(n.hi), lo: n.lo}
	}
	whole, frac := mag.divmod(oneUSD)
	b = whole.appendTo(b)
	if frac == 0 {
		return b
	}
	b = append(b, '.')
	for div := uint64(oneUSD / 10); frac > 0; div /= 10 {
		b = append(b, byte('0'+frac/div))
		frac %= div
	}
	return b
}

// ParseMoney reads a plain decimal amount in USD: an optional minus sign, digits, and at most 18 digits after a point.
// "1", "-0.50" and "0.000000000000000001" are amounts; "1e-3", "+1", ".5", "1.", "1,000", "NaN" and "" are not, nor
// is anything beyond MaxParsedUSD. Nothing is rounded: a 19th decimal that is not 0 is an error. Errors wrap ErrMoney.
func ParseMoney(s string) (Money, error) {
	digits, negative := s, false
	if len(s) > 0 && s[0] == '-' {
		digits, negative = s[1:], true
	}
	mag, err := parseDecimal(digits, MoneyScale)
	if err != nil {
		return Money{}, fmt.Errorf("read %.40q: %w: %w", s, ErrMoney, err)
	}
	limit := mul64(MaxParsedUSD, oneUSD)
	if mag.cmp(limit) > 0 {
		return Money{}, fmt.Errorf("read %.40q: %w: beyond %d USD", s, ErrMoney, int64(MaxParsedUSD))
	}
	m := Money{hi: int64(mag.hi), lo: mag.lo}
	if negative {
		m = m.Neg()
	}
	return m, nil
}
