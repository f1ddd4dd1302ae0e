package pricing

import "strings"

// Multipliers that a model may have on all its rates.
const (
	multUS = iota
	multEU
	multFast
	numMultipliers
)

var multiplierNames = [numMultipliers]string{"us", "eu", "fast"}

// reasonNoFactor is the Reason of a call served in a speed mode whose price is not known.
const reasonNoFactor = "no_rate:fast"

// factors returns the multipliers that apply to a call: of where its data stayed, of its speed mode, and the discount. A
// place without a multiplier costs what the others cost; a speed mode without one is missing.
func (m *model) factors(q *Query) (f [3]factor, missing bool) {
	if len(m.discounts) > 0 {
		f[2] = m.discountFactor(q.AtNanos)
	}
	if q.Speed == "" && m.multipliers == ([numMultipliers]factor{}) { // Fast path - few models have any
		return f, false
	}
	switch where := m.residency(q); {
	case strings.EqualFold(where, "us"):
		f[0] = m.multipliers[multUS]
	case strings.EqualFold(where, "eu"):
		f[0] = m.multipliers[multEU]
	}
	if strings.EqualFold(q.Speed, "fast") {
		f[1] = m.multipliers[multFast]
		missing = f[1].num == 0
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
