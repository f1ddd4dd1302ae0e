package pricing

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/costkey/costkey-otel/pricing/internal/schema"
)

// ChangeKind says how two catalogues differ in something.
type ChangeKind string

// The kinds of change.
const (
	ChangeAdded   ChangeKind = "added"   // only the newer one has it
	ChangeRemoved ChangeKind = "removed" // only the older one has it
	ChangeChanged ChangeKind = "changed" // they say different things of it
)

// Difference is one thing that two catalogues say differently: a whole model that only one of them has, or one fact of a
// model that both have.
type Difference struct {
	Change   ChangeKind
	Provider string
	Model    string
	// Row says which price row of the model it is: "standard", "batch, over 200000, from 2026-01-01"; "" where the
	// difference is in no row.
	Row string
	// What differs: the name of a rate ("cached_input"), "until", "unpriced", "aliases", "multiplier us"; "" where the
	// model itself was added or removed.
	What string
	// Old and New are what each says; "" is nothing. Rates are in USD per million tokens or characters, or for each of a
	// thing that is sold by the piece, as plain decimals.
	Old, New string
}

// Differences returns what c says differently from an older catalogue, by provider, model, row and rate, in a fixed order.
func (c *Catalogue) Differences(older *Catalogue) []Difference {
	before, after := older.models(), c.models()
	names := slices.SortedFunc(maps.Keys(before), modelName.compare)
	for name := range after {
		if _, both := before[name]; !both {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, modelName.compare)
	var found []Difference
	for _, name := range names {
		was, is := before[name], after[name]
		d := differ{head: Difference{Provider: name.provider, Model: name.model}}
		switch {
		case was == nil:
			d.tell(ChangeAdded, "", "", "", "")
		case is == nil:
			d.tell(ChangeRemoved, "", "", "", "")
		default:
			d.model(was, is)
		}
		found = append(found, d.found...)
	}
	return found
}

type modelName struct{ provider, model string }

func (n modelName) compare(o modelName) int {
	if c := strings.Compare(n.provider, o.provider); c != 0 {
		return c
	}
	return strings.Compare(n.model, o.model)
}

// models returns the facts of every model. The document was read before, and can be again; that of a program whose
// built-in catalogue does not load has none.
func (c *Catalogue) models() map[modelName]*schema.Model {
	all := make(map[modelName]*schema.Model)
	facts, err := schema.Read(bytes.NewReader(c.document))
	if err != nil {
		return all
	}
	for i := range facts.Providers {
		p := &facts.Providers[i]
		for j := range p.Models {
			all[modelName{p.ID, p.Models[j].ID}] = &p.Models[j]
		}
	}
	return all
}

// differ collects the differences of one model.
type differ struct {
	head  Difference
	found []Difference
}

func (d *differ) tell(change ChangeKind, row, what, was, is string) {
	one := d.head
	one.Change, one.Row, one.What, one.Old, one.New = change, row, what, was, is
	d.found = append(d.found, one)
}

// fact tells a fact of which one may be missing.
func (d *differ) fact(row, what, was, is string) {
	switch {
	case was == is:
	case was == "":
		d.tell(ChangeAdded, row, what, was, is)
	case is == "":
		d.tell(ChangeRemoved, row, what, was, is)
	default:
		d.tell(ChangeChanged, row, what, was, is)
	}
}

func (d *differ) model(was, is *schema.Model) {
	d.fact("", "aliases", sortedWords(was.Aliases), sortedWords(is.Aliases))
	for _, name := range multipliersOf(was, is) {
		d.fact("", "multiplier "+name, was.Multipliers[name], is.Multipliers[name])
	}
	before, after := rowsByLabel(was), rowsByLabel(is)
	for i := range was.Rows {
		label := rowLabel(&was.Rows[i])
		d.row(label, before[label], after[label])
	}
	for i := range is.Rows {
		if label := rowLabel(&is.Rows[i]); before[label] == nil {
			d.row(label, nil, after[label])
		}
	}
}

// multipliersOf returns the names of the multipliers of either model, sorted.
func multipliersOf(a, b *schema.Model) []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(a.Multipliers)), maps.Keys(b.Multipliers))
	slices.Sort(names)
	return slices.Compact(names)
}

// row tells the differences of two rows that hold for the same calls; nil is no row.
func (d *differ) row(label string, was, is *schema.Row) {
	was, is = rowOrNone(was), rowOrNone(is)
	for k := range numKinds {
		name := kinds[k].name
		if a, b := quoted(k, was.Rates[name]), quoted(k, is.Rates[name]); a != b {
			d.fact(label, name, a, b)
		}
	}
	d.fact(label, "unpriced", sortedWords(was.Unpriced), sortedWords(is.Unpriced))
	d.fact(label, "until", was.Until, is.Until)
}

func rowOrNone(r *schema.Row) *schema.Row {
	if r == nil {
		return &schema.Row{}
	}
	return r
}

// quoted returns a rate as a plain decimal for the quantity that its kind is quoted for, "" for none.
func quoted(k kind, text string) string {
	if text == "" {
		return ""
	}
	rate, err := ParseRate(text, k.quantity())
	if err != nil {
		return text // can't be: the catalogue was checked
	}
	return rate.Cost(int64(k.quantity())).String()
}

func rowsByLabel(m *schema.Model) map[string]*schema.Row {
	rows := make(map[string]*schema.Row, len(m.Rows))
	for i := range m.Rows {
		rows[rowLabel(&m.Rows[i])] = &m.Rows[i]
	}
	return rows
}

// rowLabel says which calls a row is for, but for its end: where a price that was open gets an end, and another row begins
// there, that is one change and one row more. Rows of a model never overlap, so the label is each's own.
func rowLabel(r *schema.Row) string {
	label := r.Tier
	if label == "" {
		label = tierNames[tierStandard]
	}
	if r.Over != 0 {
		label += ", over " + strconv.FormatInt(r.Over, 10)
	}
	if r.UpTo != 0 {
		label += ", up to " + strconv.FormatInt(r.UpTo, 10)
	}
	if r.Daily != "" {
		label += ", daily " + r.Daily
	}
	if len(r.Weekdays) > 0 {
		label += ", on " + strings.Join(r.Weekdays, " ")
	}
	if r.From != "" {
		label += ", from " + r.From
	}
	return label
}

func sortedWords(words []string) string {
	return strings.Join(slices.Sorted(slices.Values(words)), " ")
}
