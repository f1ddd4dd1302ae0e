package pricing

import (
	"math"
	"slices"
	"strings"
	"time"
)

// tier is a service tier with prices of its own.
type tier uint8

const (
	tierStandard tier = iota
	tierBatch
	tierFlex
	tierPriority
	numTiers
	tierUnknown = numTiers // a tier that no price list has: no row fits it
)

var tierNames = [numTiers + 1]string{"standard", "batch", "flex", "priority", ""}

// tierWords are the tiers as providers spell them in their answers. Left out on purpose are those whose calls have no
// price per token: OpenAI's "scale", Vertex's PROVISIONED_THROUGHPUT, Bedrock's "reserved".
var tierWords = []struct {
	word string
	tier tier
}{
	{"standard", tierStandard},
	{"default", tierStandard},
	{"auto", tierStandard},
	{"standard_only", tierStandard}, // Anthropic's request value
	{"on_demand", tierStandard},     // Groq, Vertex
	{"unspecified", tierStandard},
	{"batch", tierBatch},
	{"flex", tierFlex},
	{"on_demand_flex", tierFlex}, // Vertex
	{"priority", tierPriority},
	{"on_demand_priority", tierPriority}, // Vertex
}

// readTier reads a served tier; "" is standard.
func readTier(s string) tier {
	if s == "" || s == "standard" || s == "default" { // Fast path - what nearly every call says
		return tierStandard
	}
	s = strings.TrimSpace(s)
	for i := range tierWords {
		if strings.EqualFold(s, tierWords[i].word) {
			return tierWords[i].tier
		}
	}
	if s == "" {
		return tierStandard
	}
	return tierUnknown
}

// row is a price row ready for use. Its rates are indexes into Table.rates with the fall-backs of kinds resolved, so
// that pricing never walks parents; 0 is no rate, whether the kind is unpriced or simply not sold.
type row struct {
	from, until       int64 // Unix nanoseconds, until exclusive
	over, upTo        int64 // over < input tokens ≤ upTo
	dayFrom, dayUntil int32 // seconds of the UTC day, dayUntil exclusive; equal is the whole day
	weekdays          uint8 // bit 1<<time.Weekday
	tier              tier
	free              bool // every rate is 0
	rates             [numKinds]uint16
}

const (
	openFrom    = math.MinInt64
	openUntil   = math.MaxInt64
	anySize     = math.MaxInt64
	allWeekdays = 1<<7 - 1
	daySeconds  = 24 * 60 * 60
)

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// validAt reports whether the row holds at an instant in Unix nanoseconds, whatever the size.
func (r *row) validAt(nanos int64) bool {
	if nanos < r.from || nanos >= r.until {
		return false
	}
	if r.weekdays == allWeekdays && r.dayFrom == r.dayUntil { // Fast path - few rows hang on the time of day
		return true
	}
	seconds := floorDiv(nanos, int64(time.Second))
	days := floorDiv(seconds, daySeconds)
	const epochWeekday = int64(time.Thursday) // 1970-01-01
	weekday := ((days+epochWeekday)%7 + 7) % 7
	return r.weekdays&(1<<weekday) != 0 && r.holdsSecond(int32(seconds-days*daySeconds))
}

func (r *row) holdsSize(input int64) bool { return (input > r.over || r.over == 0) && input <= r.upTo }

// asking is what selects among the rows of a model.
type asking struct {
	at   int64 // Unix nanoseconds
	tier tier
	size int64 // all input tokens of the call, cached ones included
}

// Reasons of a missing row.
var noTierReasons = [numTiers + 1]string{
	"no_row:standard", "no_row:batch", "no_row:flex", "no_row:priority", "no_row:tier",
}

const (
	reasonNoTime = "no_row:time"
	reasonNoSize = "no_row:size"
)

// row returns the one row that fits, and whether it is the family's; or nil and the Reason.
//
// A dated snapshot without a row for the served tier takes its family's, if their standard rows at that time are equal:
// answers name snapshots, price lists name families.
func (m *model) row(a asking) (r *row, family bool, reason string) {
	r, reason = m.ownRow(a)
	if r != nil || reason != noTierReasons[a.tier] || m.family == nil || a.tier == tierUnknown {
		return r, false, reason
	}
	if !sameRows(m, m.family, a.at, tierStandard) {
		return nil, false, reason
	}
	if fr, _ := m.family.ownRow(a); fr != nil {
		return fr, true, ""
	}
	return nil, false, reason
}

// ownRow is row without the family.
func (m *model) ownRow(a asking) (*row, string) {
	reason := noTierReasons[a.tier]
	if len(m.rows) == 0 {
		return nil, reason
	}
	tierNow := false
	tierEver := false
	for i := range m.rows {
		r := &m.rows[i]
		if r.tier != a.tier {
			continue
		}
		tierEver = true
		if !r.validAt(a.at) {
			continue
		}
		if r.holdsSize(a.size) {
			return r, ""
		}
		tierNow = true
	}
	switch {
	case tierNow:
		return nil, reasonNoSize
	case tierEver && a.tier == tierStandard:
		return nil, reasonNoTime
	default:
		return nil, reason
	}
}

// alwaysSame reports whether two models have the same prices at all times, in every tier.
func alwaysSame(a, b *model) bool {
	return a == b || sameMultipliers(a, b) && slices.Equal(a.rows, b.rows) && slices.Equal(a.discounts, b.discounts)
}

// sameRows reports whether two models have the same prices for a tier at an instant, at least one.
func sameRows(a, b *model, at int64, t tier) bool {
	if a == b {
		return true
	}
	n := countRows(a, at, t)
	if n == 0 || n != countRows(b, at, t) || !sameMultipliers(a, b) ||
		a.discountFactor(at) != b.discountFactor(at) {
		return false
	}
	for i := range a.rows {
		r := &a.rows[i]
		if r.tier == t && r.validAt(at) && !hasRowLike(b, r, at) {
			return false
		}
	}
	return true
}

func countRows(m *model, at int64, t tier) int {
	n := 0
	for i := range m.rows {
		if m.rows[i].tier == t && m.rows[i].validAt(at) {
			n++
		}
	}
	return n
}

func hasRowLike(m *model, r *row, at int64) bool {
	for i := range m.rows {
		o := &m.rows[i]
		if o.tier == r.tier && o.over == r.over && o.upTo == r.upTo && o.rates == r.rates && o.validAt(at) {
			return true
		}
	}
	return false
}
