package pricelist

import (
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/costkey/costkey-otel/pricing"
	"github.com/costkey/costkey-otel/pricing/internal/schema"
)

// banded is what a list charges in one tier of service at one time: by kind, the rate above so many input tokens of the
// call. A kind without an entry for a size costs what it does above the next smaller one.
type banded map[string]map[int64]string

func (b banded) set(kind string, over int64, rate string) {
	if b[kind] == nil {
		b[kind] = make(map[int64]string)
	}
	b[kind][over] = rate
}

// with returns b with what other says on top, size by size.
func (b banded) with(other banded) banded {
	merged := make(banded, len(b))
	for _, layer := range []banded{b, other} {
		for kind, rates := range layer {
			for over, rate := range rates {
				merged.set(kind, over, rate)
			}
		}
	}
	return merged
}

// sizes returns the limits, 0 always among them.
func (b banded) sizes() []int64 {
	all := map[int64]bool{0: true}
	for _, rates := range b {
		for over := range rates {
			all[over] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// at returns the rates that hold just above a size.
func (b banded) at(over int64) map[string]string {
	rates := make(map[string]string, len(b))
	for kind, bySize := range b {
		best := int64(-1)
		for from, rate := range bySize {
			if from <= over && from > best {
				best, rates[kind] = from, rate
			}
		}
	}
	return rates
}

// withoutRepeats returns b without what only repeats the rate of a kind's parent, so that the kind follows it in another
// tier and above another size too: reasoning at the price of output stays at the price of output.
func (b banded) withoutRepeats() banded {
	kept := make(banded, len(b))
	for kind, bySize := range b {
		for _, over := range slices.Sorted(maps.Keys(bySize)) {
			if kept[kind] != nil || !repeatsParent(b.at(over), kind) {
				kept.set(kind, over, bySize[over])
			}
		}
	}
	return kept
}

// rows returns a row for each size, in one tier of service.
func (b banded) rows(tier string) []schema.Row {
	sizes := b.sizes()
	var rows []schema.Row
	for i, over := range sizes {
		row := schema.Row{Tier: tier, Over: over, Rates: b.at(over)}
		if i+1 < len(sizes) {
			row.UpTo = sizes[i+1]
		}
		maps.DeleteFunc(row.Rates, func(kind, _ string) bool { return repeatsParent(b.at(over), kind) })
		if len(row.Rates) > 0 {
			rows = append(rows, row)
		}
	}
	return rows
}

// repeatsParent reports whether a kind has the rate that it would have without one of its own.
func repeatsParent(rates map[string]string, kind string) bool {
	info, _ := pricing.RateKindOf(kind)
	for parent := info.Parent; parent != ""; parent = info.Parent {
		if rate, ok := rates[parent]; ok {
			return rate == rates[kind]
		}
		info, _ = pricing.RateKindOf(parent)
	}
	return false
}

// suspectUSD is the rate for a million tokens above which a figure is taken for one in another unit: the dearest models
// cost some hundreds.
const suspectUSD = 1000

// check drops what can't be right, so that a mistake of a list does not become a cost.
func (m *Model) check() {
	for i := range m.rows {
		rates := m.rows[i].Rates
		for _, kind := range slices.Sorted(maps.Keys(rates)) {
			rate := rates[kind]
			info, known := pricing.RateKindOf(kind)
			v, ok := new(big.Rat).SetString(rate)
			if known && ok && info.Per > 1 && v.Cmp(big.NewRat(suspectUSD, 1)) > 0 {
				m.drop("%s would be %s USD per million, which looks like a figure in another unit", kind, rate)
				return
			}
		}
	}
}

// lacking names the token kinds that base has and part has not, sorted, for a note.
func lacking(base, part map[string]string) string {
	var kinds []string
	for kind := range base {
		info, _ := pricing.RateKindOf(kind)
		if _, own := part[kind]; !own && info.Per > 1 {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	return strings.Join(kinds, ", ")
}
