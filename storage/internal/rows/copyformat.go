package rows

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

// Buffer builds the body of one COPY in PostgreSQL's binary format. Its methods append to it and return it.
type Buffer []byte

// Begin empties b and writes the header.
func (b Buffer) Begin() Buffer { return append(b[:0], copyHeader...) }

// End writes the trailer.
func (b Buffer) End() Buffer { return append(b, copyTrailer...) }

// Row begins a row.
func (b Buffer) Row(columns int) Buffer {
	return binary.BigEndian.AppendUint16(b, uint16(columns))
}

// Null writes NULL.
func (b Buffer) Null() Buffer { return append(b, 0xff, 0xff, 0xff, 0xff) }

// Int8 writes a bigint.
func (b Buffer) Int8(n int64) Buffer {
	b = append(b, 0, 0, 0, 8)
	return binary.BigEndian.AppendUint64(b, uint64(n))
}

// Int8OrNull writes n, NULL for 0: interned ids start at 1.
func (b Buffer) Int8OrNull(n int64) Buffer {
	if n == 0 {
		return b.Null()
	}
	return b.Int8(n)
}

// Count writes a token count. Counts are at most three times [usage.MaxCount]; one beyond the column's type is unknown.
func (b Buffer) Count(c usage.Count) Buffer {
	if !c.IsKnown() || c.Value() > 1<<31-1 {
		return b.Null()
	}
	b = append(b, 0, 0, 0, 4)
	return binary.BigEndian.AppendUint32(b, uint32(c.Value()))
}

// Micros writes a duration, NULL where it is [calls.Unknown].
func (b Buffer) Micros(n int64) Buffer {
	if n < 0 {
		return b.Null()
	}
	return b.Int8(n)
}

// Timestamp writes a timestamptz.
func (b Buffer) Timestamp(unixMicros int64) Buffer { return b.Int8(unixMicros - epochMicros) }

// UUID writes a uuid.
func (b Buffer) UUID(id [16]byte) Buffer {
	b = append(b, 0, 0, 0, 16)
	return append(b, id[:]...)
}

// SpanID writes the 8 bytes of a span id as a bigint.
func (b Buffer) SpanID(id [8]byte) Buffer {
	b = append(b, 0, 0, 0, 8)
	return append(b, id[:]...)
}

// Text writes a text.
func (b Buffer) Text(s string) Buffer {
	b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
	return append(b, s...)
}

// TextOrNull writes a text, NULL for an empty one.
func (b Buffer) TextOrNull(s string) Buffer {
	if s == "" {
		return b.Null()
	}
	return b.Text(s)
}

// MoneyOrNull writes an amount, NULL where it is not known.
func (b Buffer) MoneyOrNull(m pricing.Money, known bool) Buffer {
	if !known {
		return b.Null()
	}
	return b.Numeric(m)
}

// JSONB writes JSON text; NULL for none.
func (b Buffer) JSONB(s []byte) Buffer {
	if len(s) == 0 {
		return b.Null()
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

// Numeric writes an amount in USD: base-10000 digits around the decimal point, without trailing zeros, so that a
// usual cost takes 7 to 9 bytes of the row.
func (b Buffer) Numeric(m pricing.Money) Buffer {
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

func (b Buffer) numericDigits(digits []uint16, weight int, sign uint16, scale int) Buffer {
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
