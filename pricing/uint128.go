package pricing

import (
	"errors"
	"math/bits"
	"strconv"
)

// uint128 is an unsigned 128-bit integer, the magnitude behind Money and Rate.
type uint128 struct {
	hi, lo uint64
}

var (
	errNotDecimal = errors.New("want digits with an optional point")
	errTooFine    = errors.New("too many decimal places")
	errTooLarge   = errors.New("too large")
)

func mul64(a, b uint64) uint128 {
	hi, lo := bits.Mul64(a, b)
	return uint128{hi: hi, lo: lo}
}

// mul returns u × f; the caller proves that the product fits.
func (u uint128) mul(f uint64) uint128 {
	hi, lo := bits.Mul64(u.lo, f)
	return uint128{hi: hi + u.hi*f, lo: lo}
}

// divmod returns the quotient and the remainder of u by d. d is not 0.
func (u uint128) divmod(d uint64) (uint128, uint64) {
	qhi, r := u.hi/d, u.hi%d
	qlo, r := bits.Div64(r, u.lo, d)
	return uint128{hi: qhi, lo: qlo}, r
}

func (u uint128) cmp(o uint128) int {
	switch {
	case u == o:
		return 0
	case u.hi < o.hi, u.hi == o.hi && u.lo < o.lo:
		return -1
	default:
		return 1
	}
}

func (u uint128) appendTo(b []byte) []byte {
	if u.hi == 0 {
		return strconv.AppendUint(b, u.lo, 10)
	}
	const chunk = 10_000_000_000_000_000_000 // 10^19, the largest power of ten in 64 bits
	q, r := u.divmod(chunk)
	b = q.appendTo(b)
	for div := uint64(chunk / 10); div > 0; div /= 10 {
		b = append(b, byte('0'+r/div%10))
	}
	return b
}

// parseDecimal reads digits with an optional point and returns them times 10^scale. More than scale decimals, other
// than zeros, are errTooFine; a value beyond 10^36 after scaling is errTooLarge.
func parseDecimal(s string, scale int) (uint128, error) {
	var v uint128
	digits, decimals, point := 0, 0, false
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '.' && !point && digits > 0:
			point = true
			continue
		case c < '0' || c > '9':
			return uint128{}, errNotDecimal
		}
		digits++
		if point {
			decimals++
		}
		if decimals > scale {
			if c != '0' {
				return uint128{}, errTooFine
			}
			continue
		}
		var err error
		if v, err = v.appendDigit(c - '0'); err != nil {
			return uint128{}, err
		}
	}
	if digits == 0 || (point && decimals == 0) {
		return uint128{}, errNotDecimal
	}
	for ; decimals < scale; decimals++ {
		var err error
		if v, err = v.appendDigit(0); err != nil {
			return uint128{}, err
		}
	}
	return v, nil
}

// appendDigit returns 10u + d, or errTooLarge beyond 10^36.
func (u uint128) appendDigit(d byte) (uint128, error) {
	const limit = 5_421_010_862_427_522 // hi of 10^35, rounded down: ten times more still fits 128 bits
	if u.hi >= limit {
		return uint128{}, errTooLarge
	}
	u = u.mul(10)
	lo, carry := bits.Add64(u.lo, uint64(d), 0)
	return uint128{hi: u.hi + carry, lo: lo}, nil
}

// mulWide returns the 192-bit product u × f.
func (u uint128) mulWide(f uint64) (hi, mid, lo uint64) {
	carry, lo := bits.Mul64(u.lo, f)
	hi, mid = bits.Mul64(u.hi, f)
	mid, c := bits.Add64(mid, carry, 0)
	return hi + c, mid, lo
}

// wideHalfEven returns the 192-bit dividend / d rounded half to even; the caller proves that the quotient fits.
func wideHalfEven(hi, mid, lo, d uint64) uint128 {
	_, r := bits.Div64(0, hi, d)
	qmid, r := bits.Div64(r, mid, d)
	qlo, r := bits.Div64(r, lo, d)
	q := uint128{hi: qmid, lo: qlo}
	rest := d - r // 0 ≤ r < d
	if r > rest || (r == rest && q.lo&1 == 1) {
		l, carry := bits.Add64(q.lo, 1, 0)
		q = uint128{hi: q.hi + carry, lo: l}
	}
	return q
}
