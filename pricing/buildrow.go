package pricing

import (
	"strings"
	"time"

	"github.com/costkey/costkey-otel/pricing/internal/schema"
)

// row reads one price row.
func (b *builder) row(s *schema.Row) row {
	r := row{from: openFrom, until: openUntil, over: s.Over, upTo: anySize, weekdays: allWeekdays}
	r.tier = b.tier(s.Tier)
	if s.From != "" {
		r.from = b.instant(s.From)
	}
	if s.Until != "" {
		r.until = b.instant(s.Until)
	}
	if s.UpTo != 0 {
		r.upTo = s.UpTo
	}
	if r.from >= r.until || r.over < 0 || r.over >= r.upTo {
		b.fail("a row holds never: from %q until %q, over %d up to %d", s.From, s.Until, s.Over, s.UpTo)
	}
	if s.Daily != "" {
		r.dayFrom, r.dayUntil = b.daily(s.Daily)
	}
	if len(s.Weekdays) > 0 {
		r.weekdays = b.weekdays(s.Weekdays)
	}
	b.rates(&r, s)
	return r
}

func (b *builder) tier(name string) tier {
	for t := range numTiers {
		if name == tierNames[t] || (name == "" && t == tierStandard) {
			return t
		}
	}
	b.fail("unknown tier %q", name)
	return tierUnknown
}

// instant reads a date (midnight UTC) or an RFC 3339 time.
func (b *builder) instant(s string) int64 {
	for _, layout := range [...]string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UnixNano()
		}
	}
	b.fail("%q is no date and no RFC 3339 time", s)
	return 0
}

// daily reads "HH:MM-HH:MM".
func (b *builder) daily(s string) (from, until int32) {
	text, untilText, _ := strings.Cut(s, "-")
	start, err1 := time.Parse("15:04", text)
	end, err2 := time.Parse("15:04", untilText)
	if err1 != nil || err2 != nil || start.Equal(end) {
		b.fail("daily %q is not HH:MM-HH:MM with two different times", s)
	}
	return int32(start.Hour()*3600 + start.Minute()*60), int32(end.Hour()*3600 + end.Minute()*60)
}

func (b *builder) weekdays(names []string) (mask uint8) {
	for _, name := range names {
		bit := uint8(0)
		for d := time.Sunday; d <= time.Saturday; d++ {
			if strings.EqualFold(name, d.String()[:3]) {
				bit = 1 << d
			}
		}
		if bit == 0 || mask&bit != 0 {
			b.fail("weekday %q is unknown or there twice", name)
		}
		mask |= bit
	}
	return mask
}

// rates reads the rates of a row and resolves what the others cost: a kind without a rate costs what its parent does,
// unless it is known to cost something else. Parents come before their kinds.
func (b *builder) rates(r *row, s *schema.Row) {
	var unpriced [numKinds]bool
	for _, name := range s.Unpriced {
		k, ok := kindByName[name]
		if _, priced := s.Rates[name]; !ok || priced {
			b.fail("unpriced %q is unknown or has a rate", name)
			continue
		}
		unpriced[k] = true
	}
	for name, text := range s.Rates {
		k, ok := kindByName[name]
		if !ok {
			b.fail("unknown rate %q", name)
			continue
		}
		r.rates[k] = b.rate(text, k.quantity())
	}
	if len(s.Rates) == 0 {
		b.fail("a row without rates")
	}
	r.free = true
	for k, i := range r.rates {
		switch {
		case i != 0:
			r.free = r.free && b.table.rates[i].IsZero()
		case !unpriced[k] && kinds[k].parent != noParent:
			r.rates[k] = r.rates[kinds[k].parent]
		}
	}
}

// rate returns the index of a rate in the table, where each stands once.
func (b *builder) rate(text string, quantity uint64) uint16 {
	key := rateKey{text: text, quantity: quantity}
	if i, ok := b.rateByID[key]; ok {
		return i
	}
	rate, err := ParseRate(text, quantity)
	if err != nil {
		b.fail("%v", err)
	}
	i := len(b.table.rates)
	for j, known := range b.table.rates[1:] { // "1.50" and "1.5" are one rate, so that rows compare by index
		if known == rate {
			i = j + 1
		}
	}
	if i == len(b.table.rates) {
		if i > maxRates {
			b.fail("more than %d different rates", maxRates)
			return 0
		}
		b.table.rates = append(b.table.rates, rate)
	}
	b.rateByID[key] = uint16(i)
	return uint16(i)
}

// maxRates is how many different rates an index can tell apart.
const maxRates = 1<<16 - 1

// overlaps reports whether some call fits both rows.
func (r *row) overlaps(o *row) bool {
	return r.tier == o.tier && r.weekdays&o.weekdays != 0 &&
		r.from < o.until && o.from < r.until &&
		r.over < o.upTo && o.over < r.upTo &&
		r.sharesDay(o)
}

// sharesDay reports whether the daily windows meet: one of them starts within the other.
func (r *row) sharesDay(o *row) bool {
	return r.holdsSecond(o.dayFrom) || o.holdsSecond(r.dayFrom)
}

// holdsSecond reports whether the daily window holds at a second of the day.
func (r *row) holdsSecond(second int32) bool {
	switch {
	case r.dayFrom == r.dayUntil:
		return true
	case r.dayFrom < r.dayUntil:
		return second >= r.dayFrom && second < r.dayUntil
	default: // wraps midnight
		return second >= r.dayFrom || second < r.dayUntil
	}
}
