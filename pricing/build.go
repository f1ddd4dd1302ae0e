package pricing

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/costkey/costkey-otel/pricing/internal/schema"
)

// ErrCatalogue is what Load wraps for a catalogue whose facts can't be used: an id twice, rows that overlap, a rate that
// is none. The error names the provider and model of every problem.
var ErrCatalogue = errors.New("catalogue can't be used")

// provider is one provider of a Table.
type provider struct {
	id     string
	hosts  []string
	names  []string // words that may stand in front of its ids
	form   form
	models []*model // sorted by id

	ids       map[string]idEntry      // ids and aliases as listed
	folded    map[string]idEntry      // the same in lower case
	groups    map[string][]groupEntry // by skeleton
	fineTunes map[string][]groupEntry // by "ft:" and the undated base
	derived   derivedIDs
}

type idEntry struct {
	model *model
	rule  rule
}

type groupEntry struct {
	model   *model
	version version
}

// model is one model of a Table.
type model struct {
	provider   *provider
	id         string
	aliases    []string
	operations []string
	rows       []row
	fast       factor        // of the fast mode, zero where there is none
	places     []placeFactor // sorted by place
	family     *model        // of a dated snapshot, where its family is listed
	snapshots  []*model      // of a family: the models of its listed snapshots, by id or alias
	searches   bool          // for every answer, by its id or an alias
	discounts  []*discount   // the first that holds counts
}

// builder makes a Table of a catalogue and collects what is wrong with it.
type builder struct {
	table    *Table
	rateByID map[rateKey]uint16
	errs     []error
	where    string // the provider and model at hand
}

type rateKey struct {
	text     string
	quantity uint64
}

// build makes a Table, with a user's discounts and names if own is not nil. The first rate is the absent one, so that an index of 0 means none.
func build(c *schema.Catalogue, version string, own *ownPrices) (*Table, error) {
	b := &builder{
		table: &Table{
			version:   version,
			providers: make(map[string]*provider, len(c.Providers)),
			rates:     make([]Rate, 1, 1024),
		},
		rateByID: make(map[rateKey]uint16, 1024),
	}
	asOf, err := time.Parse(time.DateOnly, c.AsOf)
	if err != nil {
		b.fail("as_of %q is not a date", c.AsOf)
	}
	b.table.asOf = asOf
	for i := range c.Providers {
		b.provider(&c.Providers[i])
	}
	if own != nil {
		b.discounts(own.discounts)
		b.mappings(own.names)
	}
	if len(b.errs) > 0 {
		return nil, fmt.Errorf("%w: %w", ErrCatalogue, errors.Join(b.errs...))
	}
	b.table.order = slices.Sorted(maps.Keys(b.table.providers))
	return b.table, nil
}

// maxProblems bounds how many problems are told, since one mistake in a generator makes thousands.
const maxProblems = 50

func (b *builder) fail(format string, args ...any) {
	if len(b.errs) < maxProblems {
		b.errs = append(b.errs, errors.New(b.where+fmt.Sprintf(format, args...)))
	}
}

func (b *builder) provider(s *schema.Provider) {
	b.where = ""
	if s.ID == "" || b.table.providers[s.ID] != nil {
		b.fail("provider %q is empty or there twice", s.ID)
		return
	}
	n := len(s.Models) * 3 / 2
	p := &provider{
		id: s.ID, hosts: s.Hosts, names: namesOf(s.ID), form: formOf(s.ID),
		models: make([]*model, 0, len(s.Models)),
		ids:    make(map[string]idEntry, n), folded: make(map[string]idEntry, n),
		groups: make(map[string][]groupEntry), fineTunes: make(map[string][]groupEntry),
	}
	b.table.providers[s.ID] = p
	for i := range s.Models {
		b.where = s.ID + " " + s.Models[i].ID + ": "
		m := b.model(p, &s.Models[i])
		p.models = append(p.models, m)
		b.index(p, m, m.id, ruleExact)
		for _, alias := range m.aliases {
			b.index(p, m, alias, ruleAlias)
		}
	}
	slices.SortFunc(p.models, func(a, b *model) int { return strings.Compare(a.id, b.id) })
	for _, m := range p.models {
		p.relate(m)
	}
}

func (b *builder) model(p *provider, s *schema.Model) *model {
	m := &model{provider: p, id: s.ID, aliases: s.Aliases, operations: s.Operations, rows: make([]row, len(s.Rows))}
	m.searches = slices.ContainsFunc(append([]string{s.ID}, s.Aliases...), searchesAlways)
	if len(s.Rows) == 0 {
		b.fail("no rows")
	}
	for i := range s.Rows {
		m.rows[i] = b.row(&s.Rows[i])
		for j := range i {
			if m.rows[i].overlaps(&m.rows[j]) {
				b.fail("rows %d and %d overlap", j+1, i+1)
			}
		}
	}
	for name, text := range s.Multipliers {
		f, err := parseFactor(text)
		if err != nil || f.num == 0 || (name != speedFast && !isPlace(name)) {
			b.fail("multiplier %q %q is not known or not a number above 0", name, text)
			continue
		}
		m.setMultiplier(name, f)
	}
	return m
}

// index makes a model findable by an id.
func (b *builder) index(p *provider, m *model, id string, r rule) {
	low := strings.ToLower(id)
	if _, taken := p.folded[low]; taken || id == "" || len(id) > maxIDLen {
		b.fail("id %q is empty, too long or there twice", id)
		return
	}
	p.ids[id] = idEntry{model: m, rule: r}
	p.folded[low] = idEntry{model: m, rule: r}
	if p.form == formPlain && !strings.Contains(id, "@") {
		return // its skeleton is itself; equivalent ids find it through p.folded
	}
	if p.form == formGateway {
		if key, _, ok := slugKey(nil, id, openUntil); ok {
			p.join(string(key), m, version{})
		}
		return
	}
	s, ok := p.skeleton(nil, id)
	if !ok {
		return
	}
	p.join(string(s.key), m, s.version)
	if p.form != formBedrock {
		return
	}
	mark := regionalMark
	if s.reach == reachGlobal {
		mark = globalMark
	}
	p.join(string(s.base)+mark, m, s.version)
}

// join adds a model to a group.
func (p *provider) join(key string, m *model, v version) {
	p.groups[key] = append(p.groups[key], groupEntry{model: m, version: v})
}

// relate ties a dated snapshot to its family, and a fine-tune of one to the others of that family.
func (p *provider) relate(m *model) {
	for _, id := range append([]string{m.id}, m.aliases...) {
		if f := p.ids[undated(id)].model; f != nil && f != m {
			f.snapshots = append(f.snapshots, m)
		}
	}
	base := undated(m.id)
	if base == m.id {
		return
	}
	if f := p.ids[base].model; f != nil && f != m {
		m.family = f
	}
	if strings.HasPrefix(base, "ft:") {
		key := strings.ToLower(base)
		p.fineTunes[key] = append(p.fineTunes[key], groupEntry{model: m})
	}
}
