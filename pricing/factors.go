package pricing

import "strings"

// Multipliers that a model may have on its rates for tokens.
const (
	multUS = iota
	multEU
	multFast
	numMultipliers
)

var multiplierNames = [numMultipliers]string{"us", "eu", "fast"}

// reasonNoFactor is the Reason of a call served in a speed mode whose price is not known.
const reasonNoFactor = "no_rate:fast"

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

// factors returns the multipliers that apply to a call: of where its data stayed, of its speed mode, and the discount. A
// place without a multiplier costs what the others cost; a speed mode without one is missing.
func (m *model) factors(q *Query) (f factors, missing bool) {
	if len(m.discounts) > 0 {
		f.discount = m.discountFactor(q.AtNanos)
	}
	if q.Speed == "" && m.multipliers == ([numMultipliers]factor{}) { // Fast path - few models have any
		return f, false
	}
	switch where := m.residency(q); {
	case strings.EqualFold(where, "us"):
		f.place = m.multipliers[multUS]
	case strings.EqualFold(where, "eu"):
		f.place = m.multipliers[multEU]
	}
	if strings.EqualFold(q.Speed, "fast") {
		f.speed = m.multipliers[multFast]
		missing = f.speed.num == 0
	}
	return f, missing
}

// residency returns where the call's data stayed: what the answer says, else a regional host name of the provider
// ("eu.api.openai.com"), else "".
func (m *model) residency(q *Query) string {
	if q.Residency != "" {
		return q.Residency
	}
	region, rest, ok := strings.Cut(q.Host, ".")
	if !ok || (region != "us" && region != "eu") {
		return ""
	}
	for _, h := range m.provider.hosts {
		if rest == h {
			return region
		}
	}
	return ""
}
