package pricing

import (
	"slices"
	"strings"
)

// speedFast is the multiplier of a speed mode; every other name of a multiplier is a place.
const speedFast = "fast"

// anyRegion is the place that stands for every region that a model has no multiplier of its own for, but for those of
// governments and of China, whose prices are lists of their own.
const anyRegion = "regional"

// Reasons of a call that was served at a place or in a speed mode whose price is not known.
const (
	reasonNoFast  = "no_rate:fast"
	reasonNoSpeed = "no_rate:speed"
	reasonNoPlace = "no_rate:residency"
)

// placeFactor is what a model costs at a place: "us", "eu", a region such as "us-east-1", or anyRegion.
type placeFactor struct {
	place string
	by    factor
}

// factors are the multipliers that apply to one call; the zero value of each is none.
type factors struct {
	place, speed factor // the provider's, on the rates for tokens: its fees are the same everywhere
	discount     factor // the user's, on all rates
}

// scale returns what one unit of kind k costs at rate r.
func (f *factors) scale(k kind, r Rate) Rate {
	if !k.perUnit() {
		r = f.place.on(f.speed.on(r))
	}
	return f.discount.on(r)
}

// on returns r times f, and r where f is none.
func (f factor) on(r Rate) Rate {
	if f.num == f.den {
		return r
	}
	return r.times(f)
}

// factors returns the multipliers that apply to a call: of where it ran, of its speed mode, and the discount. A place or
// speed that was told and has none is the reason why there is no price, since what it costs is not known.
func (m *model) factors(q *Query) (f factors, reason string) {
	if len(m.discounts) > 0 {
		f.discount = m.discountFactor(q.AtNanos)
	}
	if where := m.provider.placeOf(q); where != "" {
		by, known := m.factorAt(where)
		if !known {
			return f, reasonNoPlace
		}
		f.place = by
	}
	switch {
	case isNormalSpeed(q.Speed):
	case !strings.EqualFold(q.Speed, speedFast):
		return f, reasonNoSpeed
	case m.fast.num == 0:
		return f, reasonNoFast
	default:
		f.speed = m.fast
	}
	return f, ""
}

func isNormalSpeed(speed string) bool {
	return speed == "" || strings.EqualFold(speed, "standard") || strings.EqualFold(speed, "default") ||
		strings.EqualFold(speed, "normal")
}

// factorAt returns the multiplier of the model at a place: that of the place itself, else of its geography ("us" for
// "us-east-1"), else of any region.
func (m *model) factorAt(where string) (by factor, known bool) {
	area, sovereign := geography(where)
	best := 0
	for i := range m.places {
		p, rank := &m.places[i], 0
		switch {
		case strings.EqualFold(p.place, where):
			rank = 3
		case strings.EqualFold(p.place, area):
			rank = 2
		case p.place == anyRegion && !sovereign:
			rank = 1
		}
		if rank > best {
			best, by = rank, p.by
		}
	}
	return by, best > 0
}

// setMultiplier takes one multiplier of the catalogue over.
func (m *model) setMultiplier(name string, by factor) {
	if name == speedFast {
		m.fast = by
		return
	}
	m.places = append(m.places, placeFactor{place: name, by: by})
	slices.SortFunc(m.places, func(a, b placeFactor) int { return strings.Compare(a.place, b.place) })
}

// sameMultipliers reports whether two models cost the same multiples everywhere and at every speed.
func sameMultipliers(a, b *model) bool { return a.fast == b.fast && slices.Equal(a.places, b.places) }
