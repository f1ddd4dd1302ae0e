package storage

import (
	"encoding/binary"
	"math/bits"

	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/usage"
)

// PostgreSQL's binary COPY format, written straight into one buffer: the values are known by type, so that boxing each of
// them for a driver would be most of the work. Format: PostgreSQL's documentation of COPY, "Binary Format".

var copyHeader = []byte("PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00")

var copyTrailer = []byte{0xff, 0xff}

// epochMicros is 2000-01-01 UTC, PostgreSQL's epoch, as Unix microseconds.
const epochMicros = 946684800 * 1_000_000

// copyBuffer builds the body of one COPY.
type copyBuffer []byte

func (b copyBuffer) begin() copyBuffer { return append(b[:0], copyHeader...) }

func (b copyBuffer) end() copyBuffer { return append(b, copyTrailer...) }

func (b copyBuffer) row(columns int) copyBuffer {
	return binary.BigEndian.AppendUint16(b, uint16(columns))
}

func (b copyBuffer) null() copyBuffer { return append(b, 0xff, 0xff, 0xff, 0xff) }

// trueOrNull writes true, NULL for false.
func (b copyBuffer) trueOrNull(v bool) copyBuffer {
	if !v {
		return b.null()
	}
	return append(b, 0, 0, 0, 1, 1)
}

func (b copyBuffer) int4(n int32) copyBuffer {
	b = append(b, 0, 0, 0, 4)
	return binary.BigEndian.AppendUint32(b, uint32(n))
}

func (b copyBuffer) int8(n int64) copyBuffer {
	b = append(b, 0, 0, 0, 8)
	return binary.BigEndian.AppendUint64(b, uint64(n))
}

// int4OrNull writes n, NULL for 0: interned numbers start at 1.
func (b copyBuffer) int4OrNull(n int32) copyBuffer {
	if n == 0 {
		return b.null()
	}
	return b.int4(n)
}

// count writes a token count. Counts are at most three times [usage.MaxCount]; one beyond the column's type is unknown.
func (b copyBuffer) count(c usage.Count) copyBuffer {
	if !c.IsKnown() || c.Value() > 1<<31-1 {
		return b.null()
	}
	return b.int4(int32(c.Value()))
}

// micros writes a duration, NULL where it is [Unknown].
func (b copyBuffer) micros(n int64) copyBuffer {
	if n < 0 {
		return b.null()
	}
	return b.int8(n)
}

func (b copyBuffer) timestamp(unixMicros int64) copyBuffer { return b.int8(unixMicros - epochMicros) }

func (b copyBuffer) uuid(id [16]byte) copyBuffer {
	b = append(b, 0, 0, 0, 16)
	return append(b, id[:]...)
}

// spanID writes the 8 bytes of a span id as a bigint.
func (b copyBuffer) spanID(id [8]byte) copyBuffer {
	b = append(b, 0, 0, 0, 8)
	return append(b, id[:]...)
}

func (b copyBuffer) text(s string) copyBuffer {
	b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
	return append(b, s...)
}

func (b copyBuffer) textOrNull(s string) copyBuffer {
	if s == "" {
		return b.null()
	}
	return b.text(s)
}

// moneyOrNull writes an amount, NULL where it is not known.
func (b copyBuffer) moneyOrNull(m pricing.Money, known bool) copyBuffer {
	if !known {
		return b.null()
	}
	return b.numeric(m)
}

// jsonb writes JSON text; NULL for none.
func (b copyBuffer) jsonb(s []byte) copyBuffer {
	if len(s) == 0 {
		return b.null()
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(s)+1))
	b = append(b, 1) // version of the binary format of jsonb
	return append(b, s...)
}

const (
	numericPositive = 0x0000
	numericNegative = 0x4000
	quintillion     = 1_000_000_000_000_000_000 // 10^18, pricing.Money's units in one dollar
)

// numeric writes an amount in USD: base-10000 digits around the decimal point, without trailing zeros, so that a
// usual cost takes 7 to 9 bytes of the row.
func (b copyBuffer) numeric(m pricing.Money) copyBuffer {
	hi, lo := m.Parts()
	sign := uint16(numericPositive)
	if hi < 0 {
		sign = numericNegative
		var borrow uint64
		lo, borrow = bits.Sub64(0, lo, 0)
		hi = -hi - int64(borrow)
	}
	var groups [16]uint16 // digits from the most significant; groups[pointAt] is the first after the point
	const pointAt = 11    // 11 groups before the point hold 10^44, more than 128 bits
	high := uint64(hi) / quintillion
	dollars, fraction := bits.Div64(uint64(hi)%quintillion, lo, quintillion)
	first := pointAt
	for i := pointAt - 1; high > 0 || dollars > 0; i-- {
		var rest uint64
		high, rest = high/10000, high%10000
		dollars, rest = bits.Div64(rest, dollars, 10000)
		groups[i] = uint16(rest)
		first = i
	}
	// 18 decimals are four groups and a half.
	groups[pointAt+4] = uint16(fraction%100) * 100
	fraction /= 100
	for i := pointAt + 3; i >= pointAt; i-- {
		groups[i] = uint16(fraction % 10000)
		fraction /= 10000
	}
	last := len(groups)
	for last > first && groups[last-1] == 0 {
		last--
	}
	for first < last && groups[first] == 0 {
		first++
	}
	return b.numericDigits(groups[first:last], pointAt-1-first, sign, scaleOf(groups[pointAt:]))
}

// scaleOf is the number of decimals that the groups after the point need.
func scaleOf(fraction []uint16) int {
	for i := len(fraction) - 1; i >= 0; i-- {
		if g := fraction[i]; g != 0 {
			scale := 4 * (i + 1)
			for ; g%10 == 0; g /= 10 {
				scale--
			}
			return scale
		}
	}
	return 0
}

func (b copyBuffer) numericDigits(digits []uint16, weight int, sign uint16, scale int) copyBuffer {
	if len(digits) == 0 {
		weight = 0
	}
	b = binary.BigEndian.AppendUint32(b, uint32(8+2*len(digits)))
	b = binary.BigEndian.AppendUint16(b, uint16(len(digits)))
	b = binary.BigEndian.AppendUint16(b, uint16(int16(weight)))
	b = binary.BigEndian.AppendUint16(b, sign)
	b = binary.BigEndian.AppendUint16(b, uint16(scale))
	for _, d := range digits {
		b = binary.BigEndian.AppendUint16(b, d)
	}
	return b
}
