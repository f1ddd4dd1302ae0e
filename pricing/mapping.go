package pricing

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// mapping is one name of the user's own that means one of the catalogue's: a provider, or a model.
type mapping struct {
	where    string // said in front of what is wrong with it: "line 7: "
	isModel  bool
	provider string // of a model; "" is any
	from, to string
}

// names are the names of a user's own that a Table takes for those of the catalogue. The zero value has none.
type names struct {
	providers map[string]string
	models    map[string]string            // at any provider
	modelsAt  map[string]map[string]string // by the provider that calls name
}

// provider returns the id of the catalogue's provider that calls of a provider are priced as.
func (n *names) provider(id string) string {
	if to, ok := n.providers[id]; ok {
		return to
	}
	if id == "gcp.gen_ai" { // "some Google endpoint"
		return "gcp.gemini"
	}
	return id
}

// model returns the model that the user's mapping has for a name at a provider, called as calls name it.
func (n *names) model(provider, id string) (to string, ok bool) {
	if to, ok = n.modelsAt[provider][id]; ok {
		return to, true
	}
	to, ok = n.models[id]
	return to, ok
}

// add takes a mapping into use.
func (n *names) add(m *mapping) {
	switch {
	case !m.isModel:
		n.providers = put(n.providers, m.from, m.to)
	case m.provider == "":
		n.models = put(n.models, m.from, m.to)
	default:
		n.modelsAt = put(n.modelsAt, m.provider, put(n.modelsAt[m.provider], m.from, m.to))
	}
}

func put[V any](m map[string]V, key string, value V) map[string]V {
	if m == nil {
		m = make(map[string]V)
	}
	m[key] = value
	return m
}

// Proposal returns the line of a prices file that would give calls of a provider and model that are not found a price, to
// be looked at before it is used: PROVIDER and MODEL stand for what can't be told from the names. "" is a call without a
// provider, which no name can help, and one that is found.
func (t *Table) Proposal(provider, model string, atNanos int64) string {
	w := &wanted{at: atNanos}
	p := t.provider(provider)
	switch {
	case provider == "" || t.matchID(provider, model, w).model != nil:
		return ""
	case p == nil:
		to := "PROVIDER"
		if _, assumed := t.Sellers(model, atNanos); assumed != "" {
			to = assumed
		}
		return "providers: {" + yamlWord(provider) + ": " + to + "}"
	}
	to := "MODEL"
	if family := undated(model); family != model {
		if m, _ := p.match(family, w); m != nil {
			to = m.id
		}
	}
	return "models: {" + yamlWord(provider) + ": {" + yamlWord(model) + ": " + yamlWord(to) + "}}"
}

// yamlWord returns a word as YAML reads it between braces.
func yamlWord(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/") == "" && !isDigits(s[:1]) && s[0] != '-' {
		return s
	}
	return strconv.Quote(s)
}

// mappings takes the user's names into use, and tells those that mean nothing. Providers come first, since a model may
// be mapped at one of them.
func (b *builder) mappings(all []mapping) {
	for _, models := range [...]bool{false, true} {
		for i := range all {
			m := &all[i]
			b.where = m.where
			if m.isModel != models || !b.means(m) {
				continue
			}
			b.table.names.add(m)
		}
	}
}

// means reports whether the target of a mapping exists.
func (b *builder) means(m *mapping) bool {
	switch {
	case m.from == m.to:
		b.fail("%q is mapped to itself", m.from)
	case !m.isModel && b.table.providers[m.to] == nil:
		b.fail("no provider %q", m.to)
	case m.isModel && m.provider == "" && !b.sold(m.to):
		b.fail("no provider has a model %q", m.to)
	case m.isModel && m.provider != "" && b.table.provider(m.provider) == nil:
		b.fail("no provider %q", m.provider)
	case m.isModel && m.provider != "" && b.table.provider(m.provider).ids[m.to].model == nil:
		b.fail("provider %q has no model %q", m.provider, m.to)
	default:
		return true
	}
	return false
}

func (b *builder) sold(model string) bool {
	for _, p := range b.table.providers {
		if p.ids[model].model != nil {
			return true
		}
	}
	return false
}

// providerNames reads `providers`: a name to the catalogue's id.
func (r *ownReader) providerNames(n *yaml.Node) {
	r.pairs(n, func(key, value *yaml.Node) { r.mapping(key, value, mapping{}) })
}

// modelNames reads `models`: a name to a model's id, or a provider to such names of its own.
func (r *ownReader) modelNames(n *yaml.Node) {
	r.pairs(n, func(key, value *yaml.Node) {
		if value.Kind != yaml.MappingNode {
			r.mapping(key, value, mapping{isModel: true})
			return
		}
		r.pairs(value, func(name, model *yaml.Node) {
			r.mapping(name, model, mapping{isModel: true, provider: key.Value})
		})
	})
}

func (r *ownReader) mapping(key, value *yaml.Node, m mapping) {
	m.where, m.from = lineOf(key), strings.TrimSpace(key.Value)
	before := len(r.check.errs)
	r.text(&m.to)(value)
	if m.from == "" {
		r.fail(key, "want a name that is not empty")
	}
	if len(r.check.errs) == before {
		r.names = append(r.names, m)
	}
}
