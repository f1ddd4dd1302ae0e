package pricing

import (
	"math/bits"
	"strings"

	"github.com/costkey/costkey-otel/usage"
)

// Price says what a call cost, or why that is not known. It allocates nothing, and is safe for concurrent use. It keeps
// no reference to q.
//
// The steps, the first that decides wins: a refused call is not_billed; no known usage is no_usage; a model that is not
// found is unknown_model; no row, or no rate for a kind of which there are tokens, is no_price; only rates of 0 is free.
func (t *Table) Price(q *Query) Result { return t.price(q, nil) }

// Explain is Price with the lines of the sum, which add up to exactly the cost. Without a price there are no lines.
func (t *Table) Explain(q *Query) (Result, []Line) {
	var lines []Line
	res := t.price(q, &lines)
	if res.Status != StatusPriced && res.Status != StatusFree {
		return res, nil
	}
	return res, lines
}

func (t *Table) price(q *Query, lines *[]Line) Result {
	served := readTier(q.ServiceTier)
	at := q.AtNanos
	found := t.match(q, at, served)
	res := Result{Rule: found.name(false)}
	if found.model != nil {
		res.Model, res.Provider = found.model.id, found.model.provider.id
	}
	if q.Refused {
		res.Status = StatusNotBilled
		return res
	}
	var p parts
	if q.Usage != nil {
		p.takeApart(q.Usage)
	}
	if !p.known() {
		res.Status = StatusNoUsage
		return res
	}
	if found.model == nil {
		res.Status = StatusUnknownModel
		return res
	}
	row, family, reason := found.model.row(asking{at: at, tier: served, size: p.input})
	if row == nil {
		res.Status, res.Reason = StatusNoPrice, reason
		return res
	}
	factors, reason := found.model.factors(q)
	if reason != "" {
		res.Status, res.Reason, res.Note = StatusNoPrice, reason, NoteSpeed
		if reason == reasonNoPlace {
			res.Note = NotePlace
		}
		return res
	}
	res.Rule, res.Tier, res.Note = found.name(family), tierNames[row.tier], row.note(q.Usage)
	if d := found.model.discount(at); d != nil {
		res.Discount = d.text
	}
	b := bill{table: t, row: row, factors: factors, lines: lines}
	if b.fees(&p, q.SearchContext) && res.Note == "" {
		res.Note = NoteSearchContext
	}
	if res.Note == "" && found.model.searches && !q.Usage.WebSearches.IsKnown() && asksToSearch(q) {
		res.Note = NoteSearchFee
	}
	res.Cost, res.Status, res.Reason = b.sum(&p)
	if res.Status != StatusPriced && res.Status != StatusFree {
		res.Tier, res.Note, res.Discount = "", "", ""
	}
	return res
}

// NoteCacheWriteSplit is the Note of a call that wrote to a cache without saying for how long, at a price that hangs on
// it: all of it is priced as kept for the default time, the cheaper one.
const NoteCacheWriteSplit = "cache_write_split_unknown"

// NoteSearchContext is the Note of a call with a fee by search context size that does not tell the size: it is priced as
// the smallest, the providers' default.
const NoteSearchContext = "search_context_unknown"

// NoteSearchFee is the Note of a call of a model that searches for every answer, and whose answer did not tell how often:
// the fee of the searches is not in the cost.
const NoteSearchFee = "search_fee_unknown"

// Notes of a call that was served at a place, or in a speed mode, whose price is not known: it has no price.
const (
	NotePlace = "residency_price_unknown"
	NoteSpeed = "speed_price_unknown"
)

// IsNote reports whether a note of a call is one of this package's, which pricing again writes anew.
func IsNote(note string) bool {
	switch note {
	case NoteCacheWriteSplit, NoteSearchContext, NoteSearchFee, NotePlace, NoteSpeed:
		return true
	default:
		return false
	}
}

// searchModels are in the ids of models that search for every answer.
var searchModels = [...]string{"-search-preview", "-search-api", "-deep-research"}

// searchesAlways reports whether an id is that of a model that searches for every answer.
func searchesAlways(id string) bool {
	for _, word := range searchModels {
		if strings.Contains(id, word) {
			return true
		}
	}
	return false
}

// asksToSearch reports whether the call was one of such a model.
func asksToSearch(q *Query) bool {
	return searchesAlways(q.ResponseModel) || searchesAlways(q.RequestModel)
}

func (r *row) note(u *usage.Usage) string {
	if u.CacheWrite.Value() > 0 && !u.CacheWrite1h.IsKnown() && r.rates[kindCacheWrite] != r.rates[kindCacheWrite1h] {
		return NoteCacheWriteSplit
	}
	return ""
}

// bill adds up the parts of one call at the rates of one row.
type bill struct {
	table   *Table
	row     *row
	factors factors
	lines   *[]Line // nil where nobody asks for them
}

// fees moves counts to the kinds that the row has rates for: a request costs its fee where the row has one, and
// requests and searches are sold by search context size at some providers. A count for which a row has only the price
// of another base stays unbilled: the images a model drew are no second bill beside its tokens. It reports whether a
// fee hangs on a search context size that was not told.
func (b *bill) fees(p *parts, searchContext string) (assumed bool) {
	size := searchSize(searchContext)
	for _, k := range [...]kind{kindRequest, kindRequestLow + size} {
		if b.row.rates[k] != 0 {
			p.set(k, 1)
			assumed = k != kindRequest && searchContext == ""
			break
		}
	}
	if sized := kindWebSearchLow + size; b.row.rates[kindWebSearch] == 0 && b.row.rates[sized] != 0 {
		p.set(sized, p.n[kindWebSearch])
		p.set(kindWebSearch, 0)
		assumed = assumed || (p.n[sized] > 0 && searchContext == "")
	}
	if p.unitsKnown && (p.inputKnown || p.outputKnown) {
		b.dropOtherBases(p)
	}
	return assumed
}

// dropOtherBases is for a call with known tokens.
func (b *bill) dropOtherBases(p *parts) {
	for _, k := range [...]kind{kindInputCharacter, kindImage, kindPage, kindSearchUnit} {
		if b.row.rates[k] == 0 {
			p.set(k, 0)
		}
	}
	if b.row.rates[kindInput] == 0 && b.row.rates[kindInputCharacter] != 0 && p.n[kindInputCharacter] > 0 {
		p.set(kindInput, 0) // the same text, billed by its characters
	}
}

// searchSize returns the offset of a search context size from the low one, the providers' default.
func searchSize(s string) kind {
	switch {
	case strings.EqualFold(s, "medium"):
		return kindRequestMedium - kindRequestLow
	case strings.EqualFold(s, "high"):
		return kindRequestHigh - kindRequestLow
	default:
		return 0
	}
}

// sum adds up the parts. It is the one place that turns counts into money.
func (b *bill) sum(p *parts) (cost Money, status Status, reason string) {
	used, paid := false, false
	for some := p.some; some != 0; some &= some - 1 {
		k := kind(bits.TrailingZeros64(some))
		n, i := p.n[k], b.row.rates[k]
		if i == 0 {
			return Money{}, StatusNoPrice, noRateReasons[k]
		}
		rate := b.factors.scale(k, b.table.rates[i])
		usd := rate.Cost(n)
		cost = cost.Add(usd)
		used, paid = true, paid || !rate.IsZero()
		if b.lines != nil {
			*b.lines = append(*b.lines, newLine(k, rate, n, usd))
		}
	}
	if paid || (!used && !b.row.free) {
		return cost, StatusPriced, ""
	}
	return b.unpaid(p)
}

// unpaid settles a call all of whose used rates are 0: it is free, unless what the model is paid by is not known.
func (b *bill) unpaid(p *parts) (Money, Status, string) {
	for _, k := range [...]kind{kindSearchUnit, kindImage, kindPage, kindInputCharacter} {
		if b.paidKind(k) && p.n[k] == 0 && !p.unitsKnown {
			return Money{}, StatusNoUsage, unknownReasons[k]
		}
	}
	if (!p.inputKnown && b.paidKind(kindInput)) || (!p.outputKnown && b.paidKind(kindOutput)) {
		return Money{}, StatusPriced, "" // the known part costs nothing, the unknown one does
	}
	return Money{}, StatusFree, ""
}

func (b *bill) paidKind(k kind) bool { return !b.table.rates[b.row.rates[k]].IsZero() }

func newLine(k kind, r Rate, n int64, usd Money) Line {
	l := Line{What: kinds[k].name, Tokens: n, USDPerMillion: r.PerMillion().String(), PerUnit: k.perUnit(), USD: usd}
	if l.PerUnit {
		l.USDPerUnit = r.PerUnit().String()
	}
	return l
}

// Rates lists the rates that a call would be priced with: those of the row that fits its time, tier and input size, with
// Tokens and USD left 0. The Result is that of Price; there are no lines where the model or the row is not found.
func (t *Table) Rates(q *Query) (Result, []Line) {
	res := t.Price(q)
	served, at := readTier(q.ServiceTier), q.AtNanos
	found := t.match(q, at, served)
	if found.model == nil {
		return res, nil
	}
	var p parts
	if q.Usage != nil {
		p.takeApart(q.Usage)
	}
	row, _, _ := found.model.row(asking{at: at, tier: served, size: p.input})
	factors, missing := found.model.factors(q)
	if row == nil || missing != "" {
		return res, nil
	}
	var lines []Line
	for k, i := range row.rates {
		if parent := kinds[k].parent; i != 0 && (parent == noParent || i != row.rates[parent]) {
			lines = append(lines, newLine(kind(k), factors.scale(kind(k), t.rates[i]), 0, Money{}))
		}
	}
	return res, lines
}
