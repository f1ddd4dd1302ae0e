package calls

import (
	"encoding/binary"
	"regexp"
	"time"
)

// SpanNumber is a span id as the database keeps it: its 8 bytes as a bigint, big-endian.
func SpanNumber(id [8]byte) int64 { return int64(binary.BigEndian.Uint64(id[:])) }

// SpanID is the inverse of [SpanNumber].
func SpanID(n int64) [8]byte {
	var id [8]byte
	binary.BigEndian.PutUint64(id[:], uint64(n))
	return id
}

// Day is a UTC day, counted from 1970-01-01.
type Day int32

// MicrosPerDay is the length of a UTC day.
const MicrosPerDay = 24 * 60 * 60 * 1_000_000

// DayOf returns the day of a Unix time in microseconds.
func DayOf(micros int64) Day {
	d := micros / MicrosPerDay
	if micros%MicrosPerDay < 0 {
		d--
	}
	return Day(d)
}

// DayOfTime returns the UTC day of t.
func DayOfTime(t time.Time) Day { return DayOf(t.UnixMicro()) }

// Time returns the day's first moment.
func (d Day) Time() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// Suffix ends the names of the day's partitions: "20261124".
func (d Day) Suffix() string { return d.Time().Format("20060102") }

// String returns the day as in ISO 8601.
func (d Day) String() string { return d.Time().Format(time.DateOnly) }

var slug = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// ValidProject reports whether s can name a project: 1 to 63 of a–z, 0–9, dot, underscore, hyphen, the first a letter or
// digit.
func ValidProject(s string) bool { return slug.MatchString(s) }
