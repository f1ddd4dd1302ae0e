package pricing

import (
	"fmt"
	"math"
)

// A discount's multiplier has at most discountScale decimals and is at most maxDiscount, for contracts above list price.
const (
	discountScale = 4
	discountUnit  = 10_000
	maxDiscount   = 10
)

// discount is a negotiated multiplier on all rates of a provider, or of one of its models.
type discount struct {
	where       string // said in front of what is wrong with it: "line 7: "
	provider    string
	model       string // an id or alias; "" is all models of the provider
	text        string // the multiplier as written
	by          factor
	from, until int64 // Unix nanoseconds, until exclusive
}

// parseDiscount reads a discount's multiplier. 0 is none: a model that costs nothing has rates of 0.
func parseDiscount(s string) (factor, error) {
	v, err := parseDecimal(s, discountScale)
	if err != nil {
		return factor{}, fmt.Errorf("read multiplier %.40q: %w: %w", s, ErrRate, err)
	}
	if v.hi > 0 || v.lo == 0 || v.lo > maxDiscount*discountUnit {
		return factor{}, fmt.Errorf("read multiplier %.40q: %w: must be above 0 and at most %d", s, ErrRate, maxDiscount)
	}
	g := gcd(discountUnit, v.lo)
	return factor{num: v.lo / g, den: discountUnit / g}, nil
}

// discounts gives each model its own discounts, those that name it before those of its provider.
func (b *builder) discounts(all []discount) {
	for i := range all {
		d := &all[i]
		b.where = d.where
		for j := range i {
			o := &all[j]
			if d.provider == o.provider && d.model == o.model && d.from < o.until && o.from < d.until {
				b.fail("two discounts of %q %q hold at the same time", d.provider, d.model)
			}
		}
		p := b.table.providers[d.provider]
		if p == nil {
			b.fail("no provider %q", d.provider)
			continue
		}
		if d.model == "" {
			continue
		}
		if m := p.ids[d.model].model; m != nil {
			m.discounts = append(m.discounts, d)
			continue
		}
		b.fail("provider %q has no model %q", d.provider, d.model)
	}
	for i := range all {
		if p := b.table.providers[all[i].provider]; p != nil && all[i].model == "" {
			for _, m := range p.models {
				m.discounts = append(m.discounts, &all[i])
			}
		}
	}
}

// discount returns what holds for the model at an instant, nil for the list price.
func (m *model) discount(at int64) *discount {
	for _, d := range m.discounts {
		if at >= d.from && at < d.until {
			return d
		}
	}
	return nil
}

// discountFactor is the multiplier of m at an instant; the zero value is none.
func (m *model) discountFactor(at int64) factor {
	if d := m.discount(at); d != nil {
		return d.by
	}
	return factor{}
}

// always is a discount without dates.
func always() discount { return discount{from: math.MinInt64, until: math.MaxInt64} }
